//! Bounds of statistical comparisons. Each takes the probability that one of so many correct values falls outside, which is
//! shared out among the values.

use statrs::distribution::{
    Binomial, ChiSquared, ContinuousCDF, DiscreteCDF, Normal, StudentsT, Uniform,
};
use statrs::stats_tests::NaNPolicy;
use statrs::stats_tests::ks_test::{KSOneSampleAlternativeMethod, ks_onesample};

/// The probability of one tail of one value.
fn tail(false_alarm: f64, values: usize) -> f64 {
    assert!(values > 0, "nothing is compared");
    0.5 * false_alarm / values as f64
}

/// So many standard errors may a mean of `samples` numbers be off, if the standard error comes from these numbers, too.
pub fn student_errors(false_alarm: f64, values: usize, samples: usize) -> f64 {
    let law = StudentsT::new(0.0, 1.0, (samples - 1) as f64).unwrap();
    -law.inverse_cdf(tail(false_alarm, values))
}

/// So many standard errors may a mean be off, if the standard error is known.
pub fn normal_errors(false_alarm: f64, values: usize) -> f64 {
    -Normal::standard().inverse_cdf(tail(false_alarm, values))
}

/// The least and the largest ratio of a variance of normal numbers to the true one.
pub fn variance_ratios(false_alarm: f64, values: usize, degrees_of_freedom: usize) -> [f64; 2] {
    let freedom = degrees_of_freedom as f64;
    let law = ChiSquared::new(freedom).unwrap();
    let tail = tail(false_alarm, values);
    [tail, 1.0 - tail].map(|p| law.inverse_cdf(p) / freedom)
}

/// The least and the largest number of successes in `trials`.
pub fn successes(false_alarm: f64, values: usize, probability: f64, trials: u64) -> [u64; 2] {
    let law = Binomial::new(probability, trials).unwrap();
    let tail = tail(false_alarm, values);
    [tail, 1.0 - tail].map(|p| law.inverse_cdf(p))
}

/// Asserts that numbers are uniform in [0, 1], by the largest distance of their distribution function (Kolmogorov–Smirnov).
#[track_caller]
pub fn assert_uniform(what: &str, numbers: Vec<f64>, false_alarm: f64) {
    let law = Uniform::new(0.0, 1.0).unwrap();
    let method = KSOneSampleAlternativeMethod::TwoSidedAsymptotic;
    let (distance, probability) = ks_onesample(numbers, &law, method, NaNPolicy::Error).unwrap();
    assert!(
        probability >= false_alarm,
        "{what}: distance {distance:e} of the distribution functions, probability {probability:e}"
    );
}
