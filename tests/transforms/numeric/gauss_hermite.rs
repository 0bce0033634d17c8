//! Gauss–Hermite quadrature.

use crate::common::tol::activation as tol;

use approx::assert_abs_diff_eq;
use haarmonic::numeric::gauss_hermite::GaussHermite;

/// Moments of the standard normal law: (2m − 1)!!, exact for degrees below twice the number of nodes.
#[test]
fn gauss_hermite_moments() {
    for n in (1..=40).chain([64, 100, 181, 255, 256]) {
        let rule = GaussHermite::new(n).unwrap();
        let (x, w) = (rule.nodes(), rule.weights());
        assert!(x.windows(2).all(|pair| pair[0] < pair[1]), "{n} nodes rise");
        assert!(w.iter().all(|&w| w > 0.0));
        let mut double_factorial = 1.0;
        for m in 0..n.min(20) {
            let even: f64 = x.iter().zip(w).map(|(x, w)| w * x.powi(2 * m as i32)).sum();
            let tolerance = tol::moments(n) * (m + 1) as f64;
            assert!(
                (even / double_factorial - 1.0).abs() <= tolerance,
                "n = {n}, moment {}",
                2 * m
            );
            double_factorial *= (2 * m + 1) as f64;
        }
        let first: f64 = x.iter().zip(w).map(|(x, w)| w * x).sum();
        assert!(first.abs() <= tol::moments(n));
    }
    // Known in closed form: He₃ has the roots 0 and ±√3 with weights 2/3 and 1/6.
    let rule = GaussHermite::new(3).unwrap();
    assert_abs_diff_eq!(rule.nodes()[2], 3f64.sqrt(), epsilon = tol::moments(3));
    assert_abs_diff_eq!(rule.weights()[2], 1.0 / 6.0, epsilon = tol::moments(3));
    assert!(GaussHermite::new(0).is_err() && GaussHermite::new(257).is_err());
}
