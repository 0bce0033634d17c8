//! What kernels do not see.

use super::*;

#[test]
fn pooled_kernels_are_invariant() {
    for (group, edge) in [
        (PointGroup::C4, 8),
        (PointGroup::D4, 7),
        (PointGroup::D2, 8),
        (PointGroup::C2, 7),
    ] {
        // The last image is constant in part, as digits are: many patches are alike.
        let mut pixels = images(11, 3, [edge, edge, 2]);
        pixels
            .index_axis_mut(Axis(0), 2)
            .slice_each_axis_mut(|axis| {
                if axis.axis.index() == 0 {
                    (0..5).into()
                } else {
                    (0..).into()
                }
            })
            .fill(0.0);
        for padding in PADDINGS {
            for activation in [Activation::Relu, Activation::Erf, Activation::Abs] {
                let network = network(
                    [edge, edge, 2],
                    group,
                    &Filter::window(3, padding),
                    &activation,
                    true,
                );
                let kernel = Kernel::new(&network).unwrap();
                let fixed = kernel.gram(pixels.view()).unwrap();
                for &element in group.elements() {
                    let moved = turned(&pixels, element);
                    let what = format!("{group} {edge} {padding} {activation} {element:?}");
                    let one = kernel.cross(pixels.view(), moved.view()).unwrap();
                    assert_entries_close(&what, &one.nngp, &fixed.nngp, tol::INVARIANCE);
                    assert_entries_close(&what, &one.ntk, &fixed.ntk, tol::INVARIANCE);
                    let both = kernel.gram(moved.view()).unwrap();
                    assert_entries_close(&what, &both.nngp, &fixed.nngp, tol::INVARIANCE);
                    assert_entries_close(&what, &both.ntk, &fixed.ntk, tol::INVARIANCE);
                }
            }
        }
    }
}

#[test]
fn periodic_kernels_do_not_see_shifts() {
    let pixels = images(13, 2, [6, 5, 1]);
    let mut shifted = pixels.clone();
    for ((n, y, x, c), value) in pixels.indexed_iter() {
        shifted[[n, (y + 2) % 6, (x + 4) % 5, c]] = *value;
    }
    let filter = Filter::window(3, Padding::Circular);
    for activation in [Activation::Relu, Activation::Erf] {
        let network = network([6, 5, 1], PointGroup::C2, &filter, &activation, true);
        let kernel = Kernel::new(&network).unwrap();
        let fixed = kernel.gram(pixels.view()).unwrap();
        let moved = kernel.cross(pixels.view(), shifted.view()).unwrap();
        assert_entries_close("nngp", &moved.nngp, &fixed.nngp, tol::INVARIANCE);
        assert_entries_close("ntk", &moved.ntk, &fixed.ntk, tol::INVARIANCE);
    }
}

#[test]
fn a_signal_with_itself_takes_half_the_displacements() {
    // The same image at another address takes all of them.
    let pixels = images(17, 2, [6, 7, 1]);
    let copy = pixels.clone();
    for padding in PADDINGS {
        let network = network(
            [6, 7, 1],
            PointGroup::D2,
            &Filter::window(3, padding),
            &Activation::Relu,
            true,
        );
        let kernel = Kernel::new(&network).unwrap();
        let half = kernel.gram(pixels.view()).unwrap();
        let all = kernel.cross(pixels.view(), copy.view()).unwrap();
        assert_entries_close("nngp", &half.nngp, &all.nngp, tol::PLANE);
        assert_entries_close("ntk", &half.ntk, &all.ntk, tol::PLANE);
    }
}
