//! Keys of the whole file, and of the sphere.

use super::*;

#[test]
fn keys_of_the_file() {
    let mlp = mlp_file();
    refused(
        Network::from_toml(""),
        "key `input`: missing in the network file, which is empty",
    );
    refused_after(
        mlp,
        "[input]",
        "[inputs]",
        "key `inputs` in the network file (line 1): found an unknown key, expected one of input, quadrature, outputs, layers",
    );
    refused_after(
        mlp,
        "[input]\nspace = \"vector\"\ndimension = 7",
        "input = 3",
        "key `input` in the network file (line 1): found 3, expected a table [input]",
    );
    refused_after(
        mlp,
        "space = \"vector\"\n",
        "",
        "key `space`: missing in [input], which has dimension",
    );
    refused_after(
        mlp,
        "\"vector\"",
        "5",
        "key `space` in [input] (line 2): found 5, expected a string in quotes",
    );
    refused_after(
        mlp,
        "\"vector\"",
        "\"torus\"",
        "key `space` in [input] (line 2): found \"torus\", expected one of \"vector\", \"sphere\", \"plane\", \"finite\", \"graph\", \"molecule\"",
    );
    refused_after(
        mlp,
        "\"vector\"",
        "\"plane\"",
        "key `dimension` in [input] (line 3): found an unknown key, expected one of space, height, width, channels",
    );
    refused_after(
        mlp,
        "dimension = 7",
        "",
        "key `dimension`: missing in [input], which has space",
    );
    refused_after(
        mlp,
        "dimension = 7",
        "dimension = \"7\"",
        "key `dimension` in [input] (line 3): found the string \"7\", expected a whole number, zero or more",
    );
    refused_after(
        mlp,
        "dimension = 7",
        "dimension = -7",
        "key `dimension` in [input] (line 3): found -7, expected a whole number, zero or more",
    );
    refused_after(
        mlp,
        "dimension = 7",
        "dimension = 7.5",
        "key `dimension` in [input] (line 3): found 7.5, expected a whole number, zero or more",
    );
    refused_after(
        mlp,
        "dimension = 7",
        "dimension = 0",
        "dimension: found 0, expected at least 1",
    );
    refused_after(
        mlp,
        "dimension = 7",
        "dimension = 7\nchannels = 1",
        "key `channels` in [input] (line 4): found an unknown key, expected one of space, dimension",
    );
    refused_after(
        mlp,
        "\n[[layers]]",
        "\n[quadrature]\nbandlimit = 3\n[[layers]]",
        "key `quadrature` in the network file (line 5): found a quadrature over the group for inputs that are neither on the sphere nor molecules, expected no such table",
    );
    refused(
        Network::from_toml("[input]\nspace = \"vector\"\ndimension = 7"),
        "key `layers`: missing in the network file, which has input",
    );
    refused(
        Network::from_toml("layers = []\n[input]\nspace = \"vector\"\ndimension = 7"),
        "network: no layers; add a `dense` layer",
    );
    refused(
        Network::from_toml("layers = [3]\n[input]\nspace = \"vector\"\ndimension = 7"),
        "key `layers` in the network file (line 1): found 3, expected tables [[layers]]",
    );
    refused(
        Network::from_toml(
            "[input]\nspace = \"vector\"\ndimension = 7\n[layers]\nkind = \"dense\"",
        ),
        "key `layers` in the network file (line 4): found a table, expected tables [[layers]]",
    );
}

#[test]
fn keys_of_the_sphere() {
    let sphere = sphere_file();
    refused_after(
        sphere,
        "bandlimit = 6\n",
        "",
        "key `bandlimit`: missing in [input], which has space, sampling, channels",
    );
    refused_after(
        sphere,
        "bandlimit = 6",
        "band_limit = 6",
        "key `band_limit` in [input] (line 3): found an unknown key, expected one of space, bandlimit, sampling, channels",
    );
    refused_after(
        sphere,
        "bandlimit = 6",
        "bandlimit = 0",
        "bandlimit of the input: found 0, expected a number from 1 to 32768",
    );
    refused_after(
        sphere,
        "sampling = \"driscoll-healy\"\n",
        "",
        "key `sampling`: missing in [input], which has space, bandlimit, channels",
    );
    refused_after(
        sphere,
        "driscoll-healy",
        "healpix",
        "key `sampling` in [input] (line 4): found \"healpix\", expected one of \"driscoll-healy\", \"gauss-legendre\", \"mcewen-wiaux\", \"clenshaw-curtis\", \"coefficients\"",
    );
    refused_after(
        sphere,
        "channels = 2",
        "channels = true",
        "key `channels` in [input] (line 5): found true, expected a whole number, zero or more",
    );
    refused_after(
        sphere,
        "bandlimit = 12",
        "",
        "key `bandlimit` or `tolerance`: missing in [quadrature], which is empty",
    );
    refused_after(
        sphere,
        "bandlimit = 12",
        "bandlimit = 12\ntolerance = 1e-3",
        "key `tolerance` in [quadrature] (line 9): found a tolerance beside a bandlimit, expected one of the two",
    );
    refused_after(
        sphere,
        "bandlimit = 12",
        "tolerance = nan",
        "tolerance of the quadrature: found NaN, expected a number between 0 and 1",
    );
    refused_after(
        sphere,
        "bandlimit = 12",
        "limit = 12",
        "key `limit` in [quadrature] (line 8): found an unknown key, expected one of bandlimit, tolerance",
    );
}
