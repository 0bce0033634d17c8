//! Sets of images: checks, selections, draws, sizes, turns and statistics.

use crate::common::close::assert_absolutely_close;
use crate::common::statistics::successes;
use crate::common::tol::FALSE_ALARM;
use crate::common::tol::data as tol;

use approx::assert_abs_diff_eq;
use haarmonic::Error;
use haarmonic::data::image_set::ImageSet;
use haarmonic::data::image_statistics::ChannelStatistics;
use ndarray::{Array4, Axis, concatenate};

fn names(count: usize) -> Vec<String> {
    (0..count).map(|class| format!("class {class}")).collect()
}

/// `counts[k]` images of class k, sorted by class; the only pixel of an image is its index.
fn numbered(counts: &[usize]) -> ImageSet {
    let labels: Vec<usize> = (0..counts.len())
        .flat_map(|class| vec![class; counts[class]])
        .collect();
    let images = Array4::from_shape_fn((labels.len(), 1, 1, 1), |(i, ..)| i as f64);
    ImageSet::new(images, labels, names(counts.len())).unwrap()
}

/// The indices of [`numbered`] that a set holds.
fn numbers(set: &ImageSet) -> Vec<usize> {
    set.images().iter().map(|&x| x as usize).collect()
}

/// Images without any symmetry.
fn uneven(shape: [usize; 4]) -> ImageSet {
    let images = Array4::from_shape_fn(shape, |(n, i, j, c)| {
        (1.0 + n as f64 + 3.7 * i as f64 + 1.3 * (j * j) as f64 + 0.1 * c as f64).sin()
    });
    ImageSet::new(images, vec![0; shape[0]], names(1)).unwrap()
}

#[track_caller]
fn message<T: std::fmt::Debug>(result: haarmonic::Result<T>) -> String {
    let message = result.expect_err("an error").to_string();
    assert!(!message.contains('\n'), "{message}");
    message
}

#[test]
fn what_is_no_set_of_images_is_refused() {
    let images = Array4::<f64>::zeros((2, 3, 4, 1));
    assert_eq!(
        message(ImageSet::new(Array4::zeros((0, 3, 4, 1)), vec![], names(1))),
        "images of shape [0, 3, 4, 1]: empty, expected at least one entry"
    );
    assert_eq!(
        message(ImageSet::new(
            Array4::zeros((2, 3, 4, 0)),
            vec![0, 0],
            names(1)
        )),
        "images of shape [2, 3, 4, 0]: empty, expected at least one entry"
    );
    assert_eq!(
        message(ImageSet::new(images.clone(), vec![0; 2], vec![])),
        "names of the classes: empty, expected at least one entry"
    );
    assert_eq!(
        message(ImageSet::new(images.clone(), vec![0], names(1))),
        "labels: expected shape [2], one for each image, found [1]"
    );
    assert_eq!(
        message(ImageSet::new(images.clone(), vec![0, 2], names(2))),
        "label of image 1: found 2, expected below 2, the number of classes"
    );
    assert_eq!(
        message(ImageSet::new(
            images.clone(),
            vec![0, 1],
            vec!["a".into(), "a".into()]
        )),
        "names of the classes: found \"a\" twice, expected each name once"
    );
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut images = images.clone();
        images[[1, 2, 0, 0]] = bad;
        assert_eq!(
            ImageSet::new(images, vec![0, 1], names(2)),
            Err(Error::NotFinite {
                what: "images".into(),
                index: vec![1, 2, 0, 0]
            })
        );
    }
    let set = ImageSet::new(images, vec![0, 1], names(3)).unwrap();
    assert_eq!(set.class_counts(), [1, 1, 0]);
    assert_eq!((set.height(), set.width(), set.channels()), (3, 4, 1));
    assert_eq!(
        message(set.with_held_out(vec![true])),
        "marks of held-out images: expected shape [2], one for each image, found [1]"
    );
}

#[test]
fn any_layout_becomes_the_standard_one() {
    let images = uneven([2, 3, 4, 2]).images().clone();
    let mut other = images.clone();
    other.swap_axes(1, 2);
    let other = other
        .as_standard_layout()
        .into_owned()
        .permuted_axes([0, 2, 1, 3]);
    assert!(!other.is_standard_layout());
    let set = ImageSet::new(other, vec![0; 2], names(1)).unwrap();
    assert!(set.images().is_standard_layout());
    assert_eq!(set.images(), &images);
}

#[test]
fn selections_keep_images_labels_and_marks_together() {
    let set = numbered(&[2, 2])
        .with_held_out(vec![false, true, false, true])
        .unwrap();
    let picked = set.select(&[3, 0, 3]).unwrap();
    assert_eq!(numbers(&picked), [3, 0, 3]);
    assert_eq!(picked.labels(), [1, 0, 1]);
    assert_eq!(picked.held_out(), Some(&[true, false, true][..]));
    let (train, test) = set.held_out_split().unwrap();
    assert_eq!((numbers(&train), numbers(&test)), (vec![0, 2], vec![1, 3]));
    assert_eq!((train.held_out(), test.held_out()), (None, None));

    assert_eq!(
        message(set.select(&[4])),
        "index of an image: found 4, expected below 4, the number of images"
    );
    assert_eq!(
        message(set.select(&[])),
        "indices of the images to select: empty, expected at least one entry"
    );
    assert_eq!(
        message(numbered(&[1]).held_out_split()),
        "marks of held-out images: missing in the image set; expected folders `train` and `test`, or an array `is_test`"
    );
    for (mark, what) in [(true, "training"), (false, "held-out")] {
        let set = numbered(&[2]).with_held_out(vec![mark; 2]).unwrap();
        assert_eq!(
            message(set.held_out_split()),
            format!("{what} images: empty, expected at least one entry")
        );
    }
}

#[test]
fn draws_are_balanced_disjoint_and_nested() {
    // Class 1 has no images and is passed over.
    let set = numbered(&[30, 0, 25, 40]);
    let (train, test) = set.balanced_split(31, 17, 5).unwrap();
    for (part, len) in [(&train, 31), (&test, 17)] {
        assert_eq!(part.len(), len);
        for (number, &label) in numbers(part).into_iter().zip(part.labels()) {
            assert_eq!(set.labels()[number], label);
        }
        // Every beginning is balanced to one image.
        for end in 1..=len {
            let counts = part
                .select(&(0..end).collect::<Vec<_>>())
                .unwrap()
                .class_counts();
            let occurring = [counts[0], counts[2], counts[3]];
            assert_eq!(counts[1], 0);
            assert!(occurring.iter().max().unwrap() - occurring.iter().min().unwrap() <= 1);
        }
    }
    let mut all = [numbers(&train), numbers(&test)].concat();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 48);

    let (smaller, same_test) = set.balanced_split(10, 17, 5).unwrap();
    assert_eq!(numbers(&same_test), numbers(&test));
    assert_eq!(numbers(&smaller), numbers(&train)[..10]);
    assert_ne!(
        numbers(&set.balanced_split(31, 17, 6).unwrap().0),
        numbers(&train)
    );
    let subset = set.balanced_subset(20, 5).unwrap();
    assert_eq!(
        numbers(&set.balanced_subset(7, 5).unwrap()),
        numbers(&subset)[..7]
    );
    // Not in the order of the source.
    assert_ne!(subset.labels()[..3], subset.labels()[3..6]);
    // All images can be drawn.
    assert_eq!(
        numbered(&[5, 5])
            .balanced_split(6, 4, 1)
            .unwrap()
            .0
            .class_counts(),
        [3, 3]
    );
}

#[test]
fn draws_that_cannot_be_made_say_why() {
    let set = numbered(&[3, 9]);
    assert_eq!(
        message(set.balanced_split(6, 4, 1)),
        "number of images of class \"class 0\": found 3, expected at least 3 to train and 2 to test with"
    );
    assert_eq!(
        message(set.balanced_split(usize::MAX, 4, 1)),
        format!(
            "number of images to draw: found {} to train and 4 to test with, expected at most 12 in all, the number of images",
            usize::MAX
        )
    );
    assert_eq!(
        message(set.balanced_split(0, 4, 1)),
        "number of training images: found 0, expected at least 1"
    );
    assert_eq!(
        message(set.balanced_split(4, 0, 1)),
        "number of test images: found 0, expected at least 1"
    );
    assert!(set.balanced_subset(0, 1).is_err());
}

#[test]
fn draws_are_fixed_to_the_bit() {
    let set = numbered(&[4, 4]);
    let first = numbers(&set.balanced_subset(8, 1).unwrap());
    assert_eq!(first, numbers(&set.balanced_subset(8, 1).unwrap()));
    assert_eq!(first, BALANCED_OF_SEED_1);
}

/// From an independent program of ChaCha with 8 rounds and the procedure in docs/data.md.
const BALANCED_OF_SEED_1: [usize; 8] = [1, 7, 5, 0, 3, 4, 2, 6];

#[test]
fn constant_images_stay_constant_at_any_size() {
    let images = Array4::from_elem((2, 5, 7, 3), 0.7);
    let set = ImageSet::new(images, vec![0, 0], names(1)).unwrap();
    for (height, width) in [(1, 1), (5, 7), (4, 9), (13, 3), (50, 70), (3, 2)] {
        let resized = set.resized(height, width).unwrap();
        let wanted = Array4::from_elem((2, height, width, 3), 0.7);
        assert_absolutely_close("images", resized.images(), &wanted, tol::RESIZED);
    }
    assert_eq!(set.resized(5, 7).unwrap(), set);
}

#[test]
fn whole_factors_average_blocks() {
    let set = uneven([2, 6, 12, 2]);
    let found = set.resized(3, 4).unwrap();
    let wanted = Array4::from_shape_fn((2, 3, 4, 2), |(n, i, j, c)| {
        let mut sum = 0.0;
        for row in 2 * i..2 * i + 2 {
            for column in 3 * j..3 * j + 3 {
                sum += set.images()[[n, row, column, c]];
            }
        }
        sum / 6.0
    });
    assert_absolutely_close("images", found.images(), &wanted, tol::RESIZED);
}

#[test]
fn shrinking_by_any_factor_integrates_the_pixels() {
    // The oracle repeats every old pixel as often as there are new ones, then averages whole blocks.
    let set = uneven([1, 7, 5, 1]);
    for (height, width) in [(3, 2), (5, 4), (6, 1), (1, 3)] {
        let found = set.resized(height, width).unwrap();
        let wanted = Array4::from_shape_fn((1, height, width, 1), |(_, i, j, _)| {
            let mut sum = 0.0;
            for row in 7 * i..7 * (i + 1) {
                for column in 5 * j..5 * (j + 1) {
                    sum += set.images()[[0, row / height, column / width, 0]];
                }
            }
            sum / 35.0
        });
        assert_absolutely_close("images", found.images(), &wanted, tol::RESIZED);
        let mean = |set: &ImageSet| set.images().mean().unwrap();
        assert_abs_diff_eq!(mean(&found), mean(&set), epsilon = tol::RESIZED);
    }
}

#[test]
fn growing_keeps_ramps() {
    // Pixel i of N has its centre at (i + 1/2)/N; a ramp stays one between the outermost centres.
    let ramp = |rows: usize, columns: usize| {
        Array4::from_shape_fn((1, rows, columns, 1), |(_, i, j, _)| {
            let place = |k: usize, n: usize, old: usize| {
                let half = 0.5 / old as f64;
                ((k as f64 + 0.5) / n as f64).clamp(half, 1.0 - half)
            };
            place(i, rows, 4) + 2.0 * place(j, columns, 3)
        })
    };
    let set = ImageSet::new(ramp(4, 3), vec![0], names(1)).unwrap();
    for (height, width) in [(8, 9), (5, 7), (4, 11), (31, 3), (6, 4)] {
        let resized = set.resized(height, width).unwrap();
        assert_absolutely_close(
            "images",
            resized.images(),
            ramp(height, width),
            tol::RESIZED,
        );
    }
    // One pixel becomes a constant; rows may shrink while columns grow.
    let pixel = uneven([1, 1, 1, 2]);
    let grown = pixel.resized(3, 2).unwrap();
    for other in grown.images().lanes(Axis(3)) {
        assert_eq!(
            other,
            pixel
                .images()
                .index_axis(Axis(0), 0)
                .index_axis(Axis(0), 0)
                .index_axis(Axis(0), 0)
        );
    }
    let set = uneven([1, 6, 3, 1]);
    let both = set.resized(3, 7).unwrap();
    let wanted = set.resized(3, 3).unwrap().resized(3, 7).unwrap();
    assert_absolutely_close("images", both.images(), wanted.images(), tol::RESIZED);
}

#[test]
fn sizes_that_cannot_be_are_refused() {
    let set = uneven([1, 2, 2, 1]);
    assert_eq!(
        message(set.resized(0, 3)),
        "size of the images: found 0 by 3, expected at least 1 by 1"
    );
    for (height, width) in [
        (usize::MAX, 1),
        (1, usize::MAX),
        (1 << 40, 1 << 40),
        (1 << 62, 2),
    ] {
        let message = message(set.resized(height, width));
        assert!(
            message.ends_with("expected an array that fits into memory"),
            "{message}"
        );
    }
}

#[test]
fn a_quarter_turn_is_anticlockwise_and_of_order_four() {
    let image = Array4::from_shape_vec((1, 2, 3, 1), vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
    let set = ImageSet::new(image, vec![0], names(1)).unwrap();
    let pixels = |set: &ImageSet| set.images().iter().copied().collect::<Vec<_>>();
    // numpy.rot90([[1, 2, 3], [4, 5, 6]], k) for k = 1, 2, 3.
    let quarter = set.turned_by(1);
    assert_eq!((quarter.height(), quarter.width()), (3, 2));
    assert_eq!(pixels(&quarter), [3.0, 6.0, 2.0, 5.0, 1.0, 4.0]);
    assert_eq!(pixels(&set.turned_by(2)), [6.0, 5.0, 4.0, 3.0, 2.0, 1.0]);
    assert_eq!(pixels(&set.turned_by(3)), [4.0, 1.0, 5.0, 2.0, 6.0, 3.0]);
    assert_eq!(set.turned_by(-1), set.turned_by(3));
    assert_eq!(set.turned_by(i32::MIN), set);
    assert_eq!(set.turned_by(4), set);
    let set = uneven([2, 5, 4, 3])
        .with_held_out(vec![true, false])
        .unwrap();
    for (a, b) in [(1, 1), (1, 2), (3, 3), (2, 3)] {
        assert_eq!(set.turned_by(a).turned_by(b), set.turned_by(a + b));
    }
}

/// floor(4 w / 2^64) for the words w of an independent program of ChaCha with 8 rounds.
const TURNS_OF_SEED_7: [usize; 12] = [3, 1, 0, 1, 1, 1, 1, 0, 2, 3, 2, 2];

#[test]
fn random_turns_are_turns_of_each_image() {
    let count = 400;
    let set = uneven([count, 3, 3, 2]);
    let turned = set.turned(7).unwrap();
    let candidates: Vec<ImageSet> = (0..4).map(|k| set.turned_by(k)).collect();
    let mut seen = [0usize; 4];
    for (n, k) in TURNS_OF_SEED_7.into_iter().enumerate() {
        let image = turned.images().index_axis(Axis(0), n);
        assert_eq!(candidates[k].images().index_axis(Axis(0), n), image, "{n}");
    }
    for (n, image) in turned.images().outer_iter().enumerate() {
        let turns = (0..4).find(|&k| candidates[k].images().index_axis(Axis(0), n) == image);
        seen[turns.expect("one of the four turns")] += 1;
    }
    let [least, most] = successes(FALSE_ALARM, seen.len(), 0.25, count as u64);
    assert!(
        seen.iter().all(|&k| (least..=most).contains(&(k as u64))),
        "{seen:?}"
    );
    assert_eq!(set.turned(7).unwrap(), turned);
    assert_ne!(set.turned(8).unwrap(), turned);
    assert_eq!(
        message(uneven([1, 2, 3, 1]).turned(1)),
        "images to turn: expected shape [n, H, H, c], square images, found [1, 2, 3, 1]"
    );
}

#[test]
fn standardised_channels_have_mean_zero_and_deviation_one() {
    let set = uneven([5, 6, 7, 3]);
    let (standard, statistics) = set.standardised().unwrap();
    for channel in standard.images().axis_iter(Axis(3)) {
        let mean = channel.mean().unwrap();
        let variance = channel.mapv(|x| x * x).mean().unwrap();
        assert!(mean.abs() <= tol::STANDARDISED, "mean {mean:e}");
        assert!(
            (variance - 1.0).abs() <= tol::STANDARDISED,
            "variance {variance}"
        );
    }
    // Closed form: 0, 1, …, 7 in one channel, five times that plus one in the other.
    let images = Array4::from_shape_fn((2, 2, 2, 2), |(n, i, j, c)| {
        (4 * n + 2 * i + j) as f64 * [1.0, 5.0][c] + c as f64
    });
    let known = ImageSet::new(images, vec![0; 2], names(1)).unwrap();
    let found = ChannelStatistics::of(&known).unwrap();
    assert_eq!(found.mean(), [3.5, 18.5]);
    assert_eq!(found.deviation(), [5.25_f64.sqrt(), 131.25_f64.sqrt()]);
    // Other images are standardised with the same numbers.
    let other = uneven([1, 2, 2, 3]);
    let applied = statistics.apply(&other).unwrap();
    for ((n, i, j, c), x) in other.images().indexed_iter() {
        let wanted = (x - statistics.mean()[c]) / statistics.deviation()[c];
        assert_eq!(applied.images()[[n, i, j, c]], wanted);
    }
    assert_eq!(
        message(statistics.apply(&uneven([1, 2, 2, 1]))),
        "images to standardise: expected shape [n, H, W, 3], as the statistics, found [1, 2, 2, 1]"
    );
}

#[test]
fn channels_without_variation_are_refused() {
    let varied = uneven([4, 5, 5, 1]).images().clone();
    for value in [0.0, 0.1, 0.7, 1.0 / 3.0, 65537.3] {
        let constant = Array4::from_elem((4, 5, 5, 1), value);
        let both = concatenate(Axis(3), &[varied.view(), constant.view()]).unwrap();
        let set = ImageSet::new(both, vec![0; 4], names(1)).unwrap();
        let message = message(set.standardised());
        assert!(
            message.starts_with("standard deviation of channel 1: found "),
            "{message}"
        );
        assert!(message.ends_with("expected a finite number above zero, from pixels that differ"));
    }
    let huge = Array4::from_shape_fn((2, 1, 1, 1), |(n, ..)| [f64::MAX, -f64::MAX][n]);
    let set = ImageSet::new(huge, vec![0; 2], names(1)).unwrap();
    assert!(set.standardised().is_err());
}
