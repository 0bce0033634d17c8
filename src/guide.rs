//! The guides of the folder `docs`, each a page of its own. Their examples are compiled and run as tests.

/// Modules that hold nothing but a page. Links between pages are reference links: for readers of the folder they are defined
/// at the end of each page, and for readers of this documentation in `guide_links.md`, whose definitions come first and win.
macro_rules! pages {
    ($($page:ident $file:literal)*) => {$(
        #[doc = include_str!("guide_links.md")]
        #[doc = include_str!(concat!("../docs/", $file))]
        pub mod $page {}
    )*};
}

pages! {
    story_spectrum "story-spectrum.md"
    story_images "story-images.md"
    story_molecules "story-molecules.md"
    story_decision "story-decision.md"
    glossary "glossary.md"
    transforms "transforms.md"
    kernels "kernels.md"
    images "images.md"
    molecules "molecules.md"
    finite_width "finite-width.md"
    training "training.md"
    distillation "distillation.md"
    spectra "spectra.md"
    random_fields "random-fields.md"
    covariances "covariances.md"
    phases "phases.md"
    plots "plots.md"
    data "data.md"
    network_file "network-file.md"
    command_line "command-line.md"
    clusters "clusters.md"
    many_examples "many-examples.md"
    experiments "experiments.md"
    theory "theory.md"
    accuracy "accuracy.md"
    benchmarks "benchmarks.md"
    references "references.md"
}
