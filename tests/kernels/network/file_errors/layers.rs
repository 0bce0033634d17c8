//! Keys of layers.

use super::*;

#[test]
fn keys_of_the_layers() {
    let (mlp, sphere) = (mlp_file(), sphere_file());
    let kinds = "one of \"lifting\", \"group-convolution\", \"activation\", \"average-pooling\", \"group-pooling\", \"partial-pooling\", \"flatten\", \
                 \"dense\", \"normalisation\", \"residual\", \"aggregation\", \"jumping-knowledge\", \"message\", \"node-sum\", \"node-mean\"";
    refused_after(
        mlp,
        "kind = \"dense\"\n",
        "",
        "key `kind`: missing in layer 1, which has weight_std, bias_std",
    );
    refused_after(
        mlp,
        "\"dense\"",
        "\"linear\"",
        &format!("key `kind` in layer 1 (line 6): found \"linear\", expected {kinds}"),
    );
    refused_after(
        mlp,
        "\"dense\"",
        "\"flatten\"",
        "key `weight_std` in layer 1 (line 7): found an unknown key, expected only kind",
    );
    refused_after(
        mlp,
        "weight_std = 1.3",
        "weight_std = \"1.3\"",
        "key `weight_std` in layer 1 (line 7): found the string \"1.3\", expected a number",
    );
    refused_after(
        mlp,
        "weight_std = 1.3",
        "weight_std = 0",
        "layer 1: weight_std is 0 (line 5); give a number greater than 0",
    );
    refused_after(
        mlp,
        "weight_std = 1.3",
        "weight_std = inf",
        "layer 1: weight_std is inf (line 5); give a number greater than 0",
    );
    refused_after(
        mlp,
        "bias_std = 0.2",
        "bias_std = 2024-01-01",
        "key `bias_std` in layer 1 (line 8): found a date, expected a number",
    );
    refused_after(
        mlp,
        "bias_std = 0.1",
        "bias_std = -0.1",
        "layer 3: bias_std is -0.1 (line 14); give 0 (no bias) or a number greater than 0",
    );
    refused_after(
        mlp,
        "function = \"relu\"",
        "",
        "key `function`: missing in layer 2, which has kind",
    );
    let Err(Error::InvalidValue {
        what,
        found,
        expected,
    }) = Network::from_toml(&mlp.replace("\"relu\"", "\"swish\""))
    else {
        panic!("an unknown activation is an error");
    };
    assert_eq!(what, "key `function` in layer 2 (line 12)");
    assert_eq!(found, "\"swish\"".into());
    for (_, name) in every_activation() {
        let name = name.split('"').next().unwrap();
        assert!(expected.contains(name), "{name}");
    }
    refused_after(
        mlp,
        "\"relu\"",
        "\"leaky-relu\"",
        "key `slope`: missing in layer 2, which has kind, function",
    );
    refused_after(
        mlp,
        "\"relu\"",
        "\"relu\"\nslope = 0.1",
        "key `slope` in layer 2 (line 13): found an unknown key, expected one of kind, function",
    );
    refused_after(
        mlp,
        "\"relu\"",
        "\"hermite\"",
        "key `degree`: missing in layer 2, which has kind, function",
    );
    refused_after(
        mlp,
        "\"relu\"",
        "\"hermite\"\ndegree = 2.5",
        "key `degree` in layer 2 (line 13): found 2.5, expected a whole number, zero or more",
    );
    for degree in ["5000", "5000000000"] {
        let text = mlp.replace("\"relu\"", &format!("\"monomial\"\ndegree = {degree}"));
        let message = Network::from_toml(&text).unwrap_err().to_string();
        let expected = "key `degree` in layer 2 (line 13): found ";
        assert!(message.starts_with(expected), "{message}");
        assert!(message.contains("expected at most "), "{message}");
    }
    refused_after(
        mlp,
        "\"relu\"",
        "\"leaky-relu\"\nslope = nan",
        "key `slope` in layer 2 (line 13): found NaN or infinity, expected a finite number",
    );
    refused_after(
        mlp,
        "\"relu\"",
        "\"leaky-relu\"\nslope = 0.1\ndegree = 2",
        "key `degree` in layer 2 (line 14): found an unknown key, expected one of kind, function, slope",
    );

    refused_after(
        sphere,
        "group = \"SO3\"\n",
        "",
        "key `group`: missing in layer 1, which has kind, weight_std, bias_std",
    );
    refused_after(
        sphere,
        "\"SO3\"",
        "\"SU2\"",
        "key `group` in layer 1 (line 12): found \"SU2\", expected \"SO3\" on the sphere, one of \"C1\", \"C2\", \"C4\", \"D1\", \"D2\", \"D4\" on the plane",
    );
    refused_after(
        sphere,
        "\"SO3\"",
        "\"C4\"",
        "layer 1: the group C4 does not act on the inputs (line 10); use \"SO3\" on the sphere",
    );
    refused_after(
        sphere,
        "\"SO3\"",
        "\"SO3\"\nfilter = [3, 3]",
        "key `filter` in layer 1 (line 13): found a key of layers on the plane, expected one of kind, group, cap, ring, gaussian, heat, legendre, weight_std, bias_std",
    );
    refused_after(
        sphere,
        "\"group-pooling\"",
        "\"group-pooling\"\nweight_std = 1",
        "key `weight_std` in layer 5 (line 31): found an unknown key, expected only kind",
    );
}

#[test]
fn caps() {
    let with_cap = |cap: &str| {
        let text = sphere_file().replacen("\"SO3\"", &format!("\"SO3\"\ncap = {cap}"), 1);
        Network::from_toml(&text)
    };
    let global = Network::from_toml(sphere_file()).unwrap();
    assert_eq!(with_cap("4").unwrap(), global);
    assert_eq!(with_cap("3.141592653589793").unwrap(), global);
    for (cap, shown) in [("-1", "-1"), ("0.0", "0"), ("nan", "NaN"), ("inf", "inf")] {
        refused(
            with_cap(cap),
            &format!(
                "key `cap` in layer 1 (line 13): found {shown}, expected an angle in radians greater than 0 and at most π"
            ),
        );
    }
}

#[test]
fn filters_on_the_sphere() {
    let with = |lines: &str| {
        let text = sphere_file().replacen("\"SO3\"", &format!("\"SO3\"\n{lines}"), 1);
        Network::from_toml(&text)
    };
    for (lines, message) in [
        (
            "ring = [0.3]",
            "key `ring` in layer 1 (line 13): found 1 numbers, expected two, the inner and the outer angle",
        ),
        (
            "ring = 0.3",
            "key `ring` in layer 1 (line 13): found 0.3, expected a list of numbers",
        ),
        (
            "ring = [0.9, 0.3]",
            "key `ring` in layer 1 (line 13): found [0.9, 0.3], expected two angles in radians, 0 <= inner < outer <= π",
        ),
        (
            "ring = [0.3, 4]",
            "key `ring` in layer 1 (line 13): found [0.3, 4], expected two angles in radians, 0 <= inner < outer <= π",
        ),
        (
            "gaussian = 0",
            "key `gaussian` in layer 1 (line 13): found 0, expected a finite width in radians greater than 0",
        ),
        (
            "gaussian = \"wide\"",
            "key `gaussian` in layer 1 (line 13): found the string \"wide\", expected a number",
        ),
        (
            "heat = -0.1",
            "key `heat` in layer 1 (line 13): found -0.1, expected a finite time greater than 0",
        ),
        (
            "legendre = [0.9]",
            "key `legendre` in layer 1 (line 13): found 0.9 for degree 0, expected 1 there, so that the mass is 1",
        ),
        (
            "legendre = [1, \"x\"]",
            "key `legendre` in layer 1 (line 13): found a list, expected a list of numbers",
        ),
        (
            "legendre = [1, 0.5]",
            "key `legendre` in layer 1 (line 13): found multipliers of a density that is -3.979e-2 at 3.1416 rad, expected a density that is nowhere negative",
        ),
        (
            "heat = 0.1\ncap = 0.9",
            "key `cap` in layer 1 (line 14): found `cap` beside `heat`, expected one of the two",
        ),
        (
            "ring = [0.1, 0.2]\nlegendre = [1]\ngaussian = 1",
            "key `legendre` in layer 1 (line 14): found `legendre` beside `ring`, expected one of the two",
        ),
    ] {
        refused(with(lines), message);
    }
    refused_after(
        mlp_file(),
        "kind = \"dense\"",
        "kind = \"lifting\"\ngroup = \"SO3\"\nheat = 1",
        "layer 1: a `lifting` takes signals on the sphere or the plane, the inputs are vectors (line 5); use `dense`, or another `space`",
    );
    let [_, _, plane, ..] = documented_files()[..] else {
        panic!("the page has three files and more")
    };
    refused_after(
        plane,
        "filter = [3, 3]",
        "heat = 1",
        "key `heat` in layer 1 (line 10): found a key of layers on the sphere, expected one of kind, group, filter, padding, stride, weight_std, bias_std",
    );
    for (lines, message) in [
        (
            "filter = [3, 3]\nstride = 2",
            "key `stride` in layer 1 (line 11): found 2, expected a list of whole numbers, zero or more",
        ),
        (
            "filter = [3, 3]\nstride = [2]",
            "key `stride` in layer 1 (line 11): found 1 numbers, expected two, rows and columns",
        ),
        (
            "stride = [2, 2]\nheight = 1",
            "key `height` in layer 1 (line 11): found an unknown key, expected one of kind, group, filter, padding, stride, weight_std, bias_std",
        ),
    ] {
        refused_after(plane, "filter = [3, 3]", lines, message);
    }
    let strided = plane.replacen("filter = [3, 3]\npadding = \"same\"", "stride = [2, 2]", 1);
    assert_ne!(strided, plane);
    refused_after(
        &strided,
        "stride = [2, 2]",
        "stride = [2, 2]",
        "key `stride` in layer 1 (line 10): found a stride without a filter, expected a key `filter` beside it",
    );
    for (lines, message) in [
        (
            "kind = \"average-pooling\"",
            "key `window`: missing in layer 4, which has kind",
        ),
        (
            "kind = \"average-pooling\"\nwindow = [2, 2]\nfilter = [3, 3]",
            "key `filter` in layer 4 (line 35): found an unknown key, expected one of kind, window, stride, padding",
        ),
    ] {
        refused_after(plane, "kind = \"group-pooling\"", lines, message);
    }
}

#[test]
fn outputs_at_given_places() {
    let with = |readout: &str, outputs: &str| {
        Network::from_toml(&format!(
            "[input]\nspace = \"sphere\"\nbandlimit = 2\nsampling = \"coefficients\"\nchannels = 1\n\
             [outputs]\n{outputs}\n[[layers]]\nkind = \"lifting\"\ngroup = \"SO3\"\n{readout}"
        ))
    };
    let partly = "[[layers]]\nkind = \"partial-pooling\"";
    for (outputs, message) in [
        (
            "",
            "key `rotations`, `points` or `sampling`: missing in [outputs], which is empty",
        ),
        (
            "sampling = \"gauss-legendre\"",
            "key `bandlimit`: missing in [outputs], which has sampling",
        ),
        (
            "bandlimit = 4",
            "key `sampling`: missing in [outputs], which has bandlimit",
        ),
        (
            "sampling = \"coefficients\"\nbandlimit = 4",
            "key `sampling` in [outputs] (line 7): found \"coefficients\", expected \"driscoll-healy\", \"gauss-legendre\", \"mcewen-wiaux\" or \"clenshaw-curtis\"",
        ),
        (
            "sampling = \"gauss-legendre\"\nbandlimit = 0",
            "key `bandlimit` in [outputs] (line 8): found 0, expected 1 to 32768",
        ),
        (
            "sampling = \"gauss-legendre\"\nbandlimit = 900",
            "key `bandlimit` in [outputs] (line 8): found 900, expected one with at most 1048576 outputs",
        ),
        (
            "rotations = [[0, 0]]",
            "key `rotations` in [outputs] (line 7): found a list, expected a list of lists of 3 numbers",
        ),
        (
            "points = [0, 0]",
            "key `points` in [outputs] (line 7): found a list, expected a list of lists of 2 numbers",
        ),
        (
            "points = [[0, 0]]\nrotations = []",
            "key `rotations` in [outputs] (line 8): found `rotations` beside `points`, expected one of the two",
        ),
        (
            "points = [[0, 0]]\nbandlimit = 2",
            "key `bandlimit` in [outputs] (line 8): found `bandlimit` beside `points`, expected one of the two",
        ),
        (
            "at = 3",
            "key `at` in [outputs] (line 7): found an unknown key, expected one of rotations, points, sampling, bandlimit",
        ),
        (
            "rotations = [[0, 0, 0]]\nsampling = \"gauss-legendre\"\nbandlimit = 2",
            "key `sampling` in [outputs] (line 8): found `sampling` beside `rotations`, expected one of the two",
        ),
        (
            "rotations = [[0, 0, nan]]",
            "gamma of output 1: found NaN, expected a finite angle in radians",
        ),
        (
            "rotations = [[0, 0, 0], [0, nan, 0]]",
            "beta of output 2: found NaN, expected radians from 0 to π",
        ),
        (
            "rotations = [[0, 0, 0], [-inf, 0, 0]]",
            "alpha of output 2: found -inf, expected a finite angle in radians",
        ),
        (
            "rotations = []",
            "rotations of the outputs: found 0, expected 1 to 1048576 of them",
        ),
        (
            "rotations = [[0, 4, 0]]",
            "beta of output 1: found 4, expected radians from 0 to π",
        ),
        (
            "points = [[0, 0]]",
            "network: outputs at points of the sphere of features that are functions on the group; add a `partial-pooling` layer, or give rotations",
        ),
    ] {
        refused(with("", outputs), message);
    }
    refused(
        with(partly, "rotations = [[0, 0, 0]]"),
        "network: outputs at rotations of features that are functions on the sphere; give points, or remove the `partial-pooling` layer",
    );
    refused(
        with(&format!("{partly}\nweight_std = 1"), "points = [[0, 0]]"),
        "key `weight_std` in layer 2 (line 13): found an unknown key, expected only kind",
    );
    refused_after(
        mlp_file(),
        "\n[[layers]]",
        "\n[outputs]\npoints = [[0, 0]]\n[[layers]]",
        "key `outputs` in the network file (line 5): found outputs at given places for inputs that are neither on the sphere, nor graphs, nor molecules, expected no such table",
    );
}
