"""The accuracy of ducc0 and SHTns beside that of this crate, on the same coefficients and exact samples.

    cargo test --release --test transforms sphere::accuracy -- --ignored export      # writes results/transform_accuracy_*.npz
    cargo test --release --test transforms spin_accuracy -- --ignored export         # writes results/spin_accuracy_*.npz
    pip install numpy ducc0 shtns
    python benches/transform_accuracy_peer.py

Gauss-Legendre, real signals, coefficients uniform in the square of side 2, 2L - 1 longitudes; samples from sums in double-double
arithmetic. Synthesis: the largest error on some rings, by the largest sample; ducc0's on the colatitudes of this crate, as
stored, SHTns's on its own. Analysis: the largest error of a coefficient. Then complex functions of spin 1 and 2, ducc0 alone.
"""

import pathlib

import ducc0
import numpy as np
import shtns

ROOT = pathlib.Path(__file__).resolve().parent.parent


def packed(coefficients):
    """m by m, from l = m on; m >= 0."""
    limit = len(coefficients)
    return np.concatenate([coefficients[m:, limit - 1 + m] for m in range(limit)])


def ducc0_results(data, coeffs, limit):
    longitudes = 2 * limit - 1
    rings = dict(
        theta=data["colatitudes"],
        nphi=np.full(limit, longitudes, np.uint64),
        phi0=np.zeros(limit),
        ringstart=np.arange(limit, dtype=np.uint64) * longitudes,
    )
    samples = ducc0.sht.synthesis(alm=coeffs[None], spin=0, lmax=limit - 1, nthreads=1, **rings)
    found = ducc0.sht.analysis_2d(map=data["samples"][None], spin=0, lmax=limit - 1, geometry="GL", nthreads=1)
    return samples.reshape(limit, longitudes), found[0]


def shtns_results(data, coeffs, limit, polar):
    sh = shtns.sht(limit - 1, nthreads=1)
    sh.set_grid(max(limit, 32), 2 * limit - 1, flags=shtns.sht_gauss | shtns.SHT_PHI_CONTIGUOUS, polar_opt=polar)
    samples = sh.synth(coeffs)
    found = sh.analys(np.ascontiguousarray(data["samples"]))
    return samples, found


def ducc0_modes(coefficients, spin):
    """The two modes m >= 0 of ducc0: sa = -(E + iB), (-s)a = -(-1)^s (E - iB), where (-s)a_lm = (-1)^(m+s) conj sa_l,-m."""
    limit = len(coefficients)
    signs = (-1.0) ** (np.arange(1 - limit, limit) + spin)
    opposite = (-1.0) ** spin * signs * coefficients[:, ::-1].conj()
    return np.stack([packed(-(coefficients + opposite) / 2), packed(1j * (coefficients - opposite) / 2)])


def ducc0_spin(data, spin, limit):
    longitudes = 2 * limit - 1
    rings = dict(
        theta=data["colatitudes"],
        nphi=np.full(limit, longitudes, np.uint64),
        phi0=np.zeros(limit),
        ringstart=np.arange(limit, dtype=np.uint64) * longitudes,
    )
    modes = ducc0_modes(data["coefficients"], spin)
    samples = ducc0.sht.synthesis(alm=modes, spin=spin, lmax=limit - 1, nthreads=1, **rings)
    exact = np.stack([data["samples"].real, data["samples"].imag])
    found = ducc0.sht.analysis_2d(map=exact, spin=spin, lmax=limit - 1, geometry="GL", nthreads=1)
    plus = packed(data["coefficients"])
    # Coefficients of orders m >= 0 from both modes.
    return (samples[0] + 1j * samples[1]).reshape(limit, longitudes), -(found[0] + 1j * found[1]), plus


def spins():
    print(f"\n{'spin':>4} {'L':>5} {'':12} {'synthesis':>10} {'analysis':>10}")
    for path in sorted(ROOT.glob("results/spin_accuracy_*.npz"), key=lambda p: [int(n) for n in p.stem.split("_")[2:]]):
        data = np.load(path)
        spin, limit = map(int, path.stem.split("_")[2:])
        want = data["samples_on_rounded_rings"]
        size = np.abs(want).max()
        synthesis = np.abs(data["own_samples"] - want).max() / size
        analysis = np.abs(data["own_coefficients"] - data["coefficients"]).max()
        print(f"{spin:4} {limit:5} {'haarmonic':12} {synthesis:10.1e} {analysis:10.1e}")
        samples, found, plus = ducc0_spin(data, spin, limit)
        synthesis = np.abs(samples[data["rings"]] - want).max() / size
        print(f"{spin:4} {limit:5} {'ducc0':12} {synthesis:10.1e} {np.abs(found - plus).max():10.1e}")


def main():
    print(f"{'L':>5} {'':12} {'synthesis':>10} {'analysis':>10}")
    for path in sorted(ROOT.glob("results/transform_accuracy_*.npz"), key=lambda p: int(p.stem.split("_")[-1])):
        data = np.load(path)
        limit = len(data["coefficients"])
        coeffs, rings = packed(data["coefficients"]), data["rings"]
        exact, rounded = data["samples"][rings], data["samples_on_rounded_rings"]

        def show(name, samples, want, found):
            synthesis = np.abs(samples - want).max() / np.abs(want).max()
            print(f"{limit:5} {name:12} {synthesis:10.1e} {np.abs(found - coeffs).max():10.1e}")

        show("haarmonic", data["own_samples"], rounded, packed(data["own_coefficients"]))
        samples, found = ducc0_results(data, coeffs, limit)
        show("ducc0", samples[rings], rounded, found)
        if limit >= 32:
            for name, polar in (("SHTns", 0.0), ("SHTns 1e-10", 1e-10)):
                samples, found = shtns_results(data, coeffs, limit, polar)
                show(name, samples[rings], exact, found)
    spins()


if __name__ == "__main__":
    main()
