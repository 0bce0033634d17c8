//! Sums of branches: on finite groups, one by one, and in files.

use super::*;

/// A network with a branch, a shortcut with weights, and layers behind the pooling.
macro_rules! branched {
    ($start:expr, $filter:expr) => {
        $start
            .activation(Activation::Relu)
            .group_convolution($filter, Init::new(1.1, 0.1))
            .residual(|block| {
                block
                    .activation(Activation::Relu)
                    .group_convolution($filter, Init::new(0.8, 0.2))
                    .activation(Activation::Erf)
                    .dense(Init::new(1.2, 0.1))
            })
            .sum(
                |block| {
                    block
                        .activation(Activation::Relu)
                        .group_convolution($filter, Init::new(0.7, 0.0))
                },
                |block| block.dense(Init::new(0.5, 0.3)),
            )
            .activation(Activation::Relu)
            .group_pooling()
            .dense(Init::new(1.3, 0.1))
            .activation(Activation::Erf)
            .dense(Init::default())
            .build()
            .unwrap()
    };
}

#[test]
fn periodic_images_are_functions_on_a_finite_group() {
    for (group, [height, width], [rows, columns]) in [
        (PointGroup::C1, [3, 5], [3, 1]),
        (PointGroup::C4, [4, 4], [3, 3]),
        (PointGroup::C4, [3, 3], [3, 3]),
        (PointGroup::D2, [3, 4], [1, 3]),
        (PointGroup::D4, [3, 3], [3, 3]),
    ] {
        let pixels = images(7, 3, [height, width, 2]);
        let torus = FiniteAction::torus(height, width, group).unwrap();
        let near = |point: usize| {
            let along = |at: usize, edge: usize, window: usize| at.min(edge - at) <= window / 2;
            along(point / width, height, rows) && along(point % width, width, columns)
        };
        let points: Vec<usize> = (0..torus.points()).filter(|&x| near(x)).collect();
        let elements: Vec<usize> = (0..torus.order())
            .filter(|&g| near(torus.image(g, 0)))
            .collect();
        let window = Filter::Window {
            height: rows,
            width: columns,
            padding: Padding::Circular,
            stride: [1, 1],
        };
        let init = Init::new(1.3, 0.2);
        let plane = branched!(
            Network::plane(height, width, 2).lifting(group, window.clone(), init),
            window.clone()
        );
        let functions = pixels.to_shape((3, height * width, 2)).unwrap();
        let table = branched!(
            Network::finite(torus, 2).lifting(Filter::subset(&points), init),
            Filter::subset(&elements)
        );
        let found = Kernel::new(&plane).unwrap().gram(pixels.view()).unwrap();
        let want = Kernel::new(&table).unwrap().gram(functions.view()).unwrap();
        let what = format!("{group} {height}×{width}");
        assert_entries_close(format!("{what} nngp"), &found.nngp, &want.nngp, tol::PLANE);
        assert_entries_close(format!("{what} ntk"), &found.ntk, &want.ntk, tol::PLANE);

        // All pairs of elements of the group of turns and translations, by the definition.
        let motions = PeriodicRotoTranslation::new(group, height, width).unwrap();
        let at = |x: usize| [x / width, x % width];
        let points: Vec<[usize; 2]> = (0..height * width).map(at).collect();
        let definition = Definition::new(&motions, &points, table.layers()).unwrap();
        let want = definition.gram(functions.view()).unwrap();
        assert_entries_close(format!("{what} nngp"), &found.nngp, &want.nngp, tol::PLANE);
        assert_entries_close(format!("{what} ntk"), &found.ntk, &want.ntk, tol::PLANE);

        // Global filters on both.
        let plane = branched!(
            Network::plane(height, width, 2).lifting(group, Filter::Global, init),
            Filter::Global
        );
        let torus = FiniteAction::torus(height, width, group).unwrap();
        let table = branched!(
            Network::finite(torus, 2).lifting(Filter::Global, init),
            Filter::Global
        );
        let found = Kernel::new(&plane).unwrap().gram(pixels.view()).unwrap();
        let want = Kernel::new(&table).unwrap().gram(functions.view()).unwrap();
        assert_entries_close(
            format!("{what} global nngp"),
            &found.nngp,
            &want.nngp,
            tol::PLANE,
        );
        assert_entries_close(
            format!("{what} global ntk"),
            &found.ntk,
            &want.ntk,
            tol::PLANE,
        );
    }
}

/// Residual sums whose branches differ in their filters, in both orders and with the identity.
macro_rules! mixed_branches {
    ($start:expr, $local:expr, $global:expr, $order:expr) => {{
        let start = $start;
        let (weak, strong) = (Init::new(0.8, 0.2), Init::new(1.1, 0.1));
        let summed = match $order {
            0 => start.residual(|b| {
                b.activation(Activation::Erf)
                    .group_convolution($global, strong)
            }),
            1 => start.sum(
                |b| {
                    b.activation(Activation::Erf)
                        .group_convolution($global, strong)
                },
                |b| b.group_convolution($local, weak),
            ),
            2 => start.sum(
                |b| {
                    b.activation(Activation::Erf)
                        .group_convolution($local, weak)
                },
                |b| b.group_convolution($global, strong),
            ),
            // A constant goes through further layers of its branch.
            _ => start.sum(
                |b| {
                    b.group_convolution($global, strong)
                        .activation(Activation::Erf)
                        .group_convolution($local, weak)
                },
                |b| b.dense(weak),
            ),
        };
        let network = summed
            .activation(Activation::Relu)
            .group_convolution($local, strong)
            .activation(Activation::Erf)
            .group_pooling()
            .build()
            .unwrap();
        Kernel::new(&network).unwrap()
    }};
}

#[test]
fn a_global_branch_and_a_local_one_add() {
    for (group, [height, width]) in [
        (PointGroup::C1, [3, 5]),
        (PointGroup::C4, [3, 3]),
        (PointGroup::D2, [5, 3]),
    ] {
        let pixels = images(31, 3, [height, width, 2]);
        let functions = pixels.to_shape((3, height * width, 2)).unwrap();
        let torus = FiniteAction::torus(height, width, group).unwrap();
        let near = |point: usize| {
            let along = |at: usize, edge: usize| at.min(edge - at) <= 1;
            along(point / width, height) && along(point % width, width)
        };
        let points: Vec<usize> = (0..torus.points()).filter(|&x| near(x)).collect();
        let elements: Vec<usize> = (0..torus.order())
            .filter(|&g| near(torus.image(g, 0)))
            .collect();
        let everywhere: Vec<usize> = (0..torus.order()).collect();
        let init = Init::new(1.3, 0.2);
        let window = || Filter::window(3, Padding::Circular);
        // As large as the image, a periodic window is a global filter.
        let whole = || Filter::Window {
            height,
            width,
            padding: Padding::Circular,
            stride: [1, 1],
        };
        for order in 0..4 {
            let plane = |global: &Filter| {
                let start = Network::plane(height, width, 2).lifting(group, window(), init);
                let kernel = mixed_branches!(start, window(), global.clone(), order);
                kernel.gram(pixels.view()).unwrap()
            };
            let table = |global: &Filter| {
                let start =
                    Network::finite(torus.clone(), 2).lifting(Filter::subset(&points), init);
                let local = || Filter::subset(&elements);
                let kernel = mixed_branches!(start, local(), global.clone(), order);
                kernel.gram(functions.view()).unwrap()
            };
            let want = table(&Filter::subset(&everywhere));
            for (name, found) in [
                ("table, global", table(&Filter::Global)),
                ("plane, global", plane(&Filter::Global)),
                ("plane, whole window", plane(&whole())),
            ] {
                let what = format!("{group} {height}×{width}, order {order}, {name}");
                assert_entries_close(format!("{what} nngp"), &found.nngp, &want.nngp, tol::PLANE);
                assert_entries_close(format!("{what} ntk"), &found.ntk, &want.ntk, tol::PLANE);
            }
        }
    }
}

#[test]
fn branches_add() {
    // On vectors: an identity and a branch, by the formulas for one pair.
    let x = ndarray::array![[0.3, -1.2, 0.7], [1.1, 0.4, -0.2]];
    let init = Init::new(1.3, 0.2);
    let plain = Network::vector(3).dense(init).build().unwrap();
    let branch = Network::vector(3)
        .dense(init)
        .activation(Activation::Relu)
        .dense(Init::new(0.9, 0.1))
        .build()
        .unwrap();
    let both = Network::vector(3)
        .dense(init)
        .residual(|block| {
            block
                .activation(Activation::Relu)
                .dense(Init::new(0.9, 0.1))
        })
        .build()
        .unwrap();
    let [plain, branch, both] =
        [plain, branch, both].map(|n| Kernel::new(&n).unwrap().gram(x.view()).unwrap());
    assert_entries_close(
        "nngp",
        &both.nngp,
        &(&plain.nngp + &branch.nngp),
        tol::ROUNDING,
    );
    assert_entries_close("ntk", &both.ntk, &(&plain.ntk + &branch.ntk), tol::ROUNDING);
}

#[test]
fn files_give_the_networks_back() {
    let window = Filter::window(3, Padding::Same);
    let init = Init::new(1.3, 0.2);
    let plane = branched!(
        Network::plane(6, 5, 3).lifting(
            PointGroup::D2,
            Filter::Window {
                height: 1,
                width: 3,
                padding: Padding::Same,
                stride: [1, 1],
            },
            init
        ),
        window.clone()
    );
    let finite = branched!(
        Network::finite(FiniteAction::dihedral(5).unwrap(), 2)
            .lifting(Filter::subset(&[0, 3]), init),
        Filter::subset(&[0, 1, 9])
    );
    let flat = network(
        [5, 5, 1],
        PointGroup::C1,
        &Filter::window(3, Padding::Valid),
        &Activation::Relu,
        false,
    );
    for network in [plane, finite, flat] {
        let text = network.to_toml().unwrap();
        assert_eq!(Network::from_toml(&text).unwrap(), network, "{text}");
    }
}
