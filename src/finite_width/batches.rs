//! The items of the training set that each step takes: a function of the seed and the number of the step alone.

use crate::data::shuffle;

/// The items of all steps.
#[derive(Debug, Clone)]
pub(super) struct Batches {
    /// Number of items: inputs times their copies.
    pub items: usize,
    /// Number of copies of each input; every copy is an item.
    pub copies: usize,
    /// Number of transformations among which one is drawn for each item.
    pub drawn_from: usize,
    /// Number of items of a step; the last step of an epoch may have fewer.
    pub size: usize,
    /// Seed of order and transformations.
    pub seed: u64,
}

impl Batches {
    /// Number of steps of an epoch.
    pub(super) fn per_epoch(&self) -> u64 {
        self.items.div_ceil(self.size) as u64
    }

    /// Input and transformation of each item of an epoch, in the order of the steps.
    pub(super) fn epoch(&self, epoch: u64) -> Vec<[usize; 2]> {
        // Each epoch has its own stream of random numbers, so that a restored training needs no state of the generator.
        let mut rng = shuffle::generator(self.seed);
        rng.set_stream(epoch);
        let mut order: Vec<usize> = (0..self.items).collect();
        if self.size < self.items {
            shuffle::shuffle(&mut order, &mut rng);
        }
        order
            .into_iter()
            .map(|item| {
                let drawn = match self.drawn_from {
                    1 => 0,
                    count => shuffle::below(&mut rng, count),
                };
                [item / self.copies, item % self.copies + drawn]
            })
            .collect()
    }

    /// The range of the items of a step in the list of its epoch.
    pub(super) fn range(&self, step: u64) -> std::ops::Range<usize> {
        let first = (step % self.per_epoch()) as usize * self.size;
        first..self.items.min(first + self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batches(items: usize, copies: usize, drawn_from: usize, size: usize) -> Batches {
        Batches {
            items,
            copies,
            drawn_from,
            size,
            seed: 3,
        }
    }

    #[test]
    fn an_epoch_visits_each_item_once() {
        for size in 1..=13 {
            let batches = batches(12, 3, 1, size);
            let mut orders = Vec::new();
            for epoch in 0..3 {
                let items = batches.epoch(epoch);
                let steps = epoch * batches.per_epoch()..(epoch + 1) * batches.per_epoch();
                let mut seen: Vec<_> = steps
                    .flat_map(|s| items[batches.range(s)].to_vec())
                    .collect();
                orders.push(seen.clone());
                seen.sort_unstable();
                let all = (0..4).flat_map(|input| (0..3).map(move |copy| [input, copy]));
                assert_eq!(seen, all.collect::<Vec<_>>());
            }
            // There are 12! orders, so two orders are unequal except by a rare accident.
            assert_eq!(orders[0] != orders[1] && orders[1] != orders[2], size < 12);
        }
    }

    #[test]
    fn transformations_are_drawn_evenly() {
        let batches = batches(1000, 1, 4, 1000);
        let mut counts = [0; 4];
        for (item, [input, element]) in batches.epoch(5).into_iter().enumerate() {
            assert_eq!(item, input);
            counts[element] += 1;
        }
        // Five standard deviations of a binomial number.
        let spread = 5.0 * (1000.0 * 0.25 * 0.75_f64).sqrt();
        assert!(
            counts
                .iter()
                .all(|&count| (f64::from(count) - 250.0).abs() < spread)
        );
        assert_ne!(batches.epoch(0), batches.epoch(1));
    }
}
