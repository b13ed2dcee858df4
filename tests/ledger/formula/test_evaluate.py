"""Formulas of both papers, evaluated by machine and written out again by hand."""

import formulas as F
import mpmath
import numpy as np
import pytest
import scipy.special
from formulas import letters_of, value_with
from scipy.stats import ncx2, norm

from isacnb.ledger.formula import FormulaError, Mismatch, compare, read
from isacnb.ledger.formula.evaluate import Environment, ShapeError, evaluate, rounding_scale
from isacnb.ledger.formula.tables import first_of
from isacnb.probability.poisson import ratio_cdf

pi, exp, sin, cos, sqrt = np.pi, np.exp, np.sin, np.cos, np.sqrt
gamma, factorial = scipy.special.gamma, scipy.special.factorial
rng = np.random.default_rng(3)


def complex_normal(*shape):
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


# --- values of the letters of the coupling paper ------------------------------------------------

N, K = 5, 3
rho, alpha, C0, N0 = 0.37, 2.6, 0.83, 0.19
Tu, Td, P_T, P_d, lam, lam_U, lam_T = 11.0, 40.0, 1.7, 2.9, 0.31, 0.27, 0.59
mu, phi, beta, kappa, P_U, P_Tk = rng.uniform(0.2, 2, (6, K))
thetas = rng.uniform(-1.2, 1.2, K)
theta = thetas[0]  # of the first target, whose index is l
eps_u, bar_eps, eps_d, eps_C, eps_S = 0.9, 14.0, 1.3, 0.41, 0.07
zeta, varpi = 0.6 - 1.1j, -0.3 + 0.8j
h_bar, h_hat, y_P, r_P = (complex_normal(K, N) for _ in range(4))
n = np.arange(N)


def a(angle):
    return exp(1j * pi * n * sin(angle))


def a_slope(angle):
    return 1j * pi * n * cos(angle) * a(angle)


COUPLING = {
    **{"N": N, "K": K, r"\rho": rho, r"\alpha": alpha, r"\theta_l": thetas, "C_0": C0, "N_0": N0},
    **{"T_u": Tu, "T_d": Td, "P_T": P_T, "P_{d,l}": P_d, r"\lambda_U": lam_U, r"\lambda_T": lam_T},
    **{r"\lambda_\chi": lam, r"\mu_k": mu, r"\phi_k": phi, r"\beta_{t,k}": beta},
    **{r"\kappa_{u,k}": kappa, "P_{U,k}": P_U, "P_{T,k}": P_Tk},
    **{r"\epsilon_u^C": eps_u, r"\bar\epsilon_u^S": bar_eps, r"\bar\epsilon_u^C": eps_u},
    **{r"\epsilon_d^C": eps_C, r"\epsilon_d^S": eps_S, r"\epsilon_d": eps_d},
    **{r"\zeta_l": zeta, r"\varpi_l": varpi, r"\bar{\boldsymbol h}_k": h_bar},
    **{r"\hat{\boldsymbol h}_k": h_hat, r"\boldsymbol y_{P,k}": y_P, r"\boldsymbol r_{P,k}": r_P},
    **{"z": 0.7, "r": 0.7, r"\Delta s": 0.43},
}
k = 1  # the index k is the second user; i is the third
x = P_U * Tu * mu, P_Tk * Tu * N * beta


# --- values of the letters of the rician paper --------------------------------------------------

R_N, R_M, R_K = 5, 4, 1.6
P, P_c, P_s, L, s_c, s_r, g = 2.3, 1.4, 0.9, 30.0, 0.8, 0.45, 1.2
a1, a2, psi1, psi2, th, ph = 0.6, 0.8, 0.3, -1.1, 0.52, -0.34
refl, path, e1, e2 = 0.4 - 0.7j, 0.77, 0.79, 0.61
h, w = complex_normal(R_N), complex_normal(R_N)
R = complex_normal(R_N, R_N)
nc, mc = np.arange(R_N) - (R_N - 1) / 2, np.arange(R_M) - (R_M - 1) / 2


def ac(angle):
    return exp(1j * pi * nc * sin(angle))


def ac_slope(angle):
    return 1j * pi * nc * cos(angle) * ac(angle)


b_slope_squared = (pi * cos(th)) ** 2 * (mc**2).sum()
a_slope_squared = (pi * cos(th)) ** 2 * (nc**2).sum()
T, T1, Z, Z_w, X, Y, tau, illumination = 1.1 - 0.4j, 0.5 + 2.2j, 4.1, 3.2, 1.3, -0.6, 7.7, 5.2

RICIAN = {
    **{"N": R_N, "M": R_M, "K": R_K, "P": P, "P_c": P_c, "P_s": P_s, "L": L},
    **{r"\sigma_c": s_c, r"\sigma_r": s_r, r"\gamma": g, r"\alpha_1": a1, r"\alpha_2": a2},
    **{r"\psi_1": psi1, r"\psi_2": psi2, r"\theta": th, r"\phi": ph, r"\alpha": refl},
    **{r"\varrho": path, r"\eta_1": e1, r"\eta_2": e2, r"\mathbf h": h, r"\mathbf w": w},
    **{r"\mathbf R": R, "T": T, "T'": T1, "Z": Z, "Z_w": Z_w, "X": X, "Y": Y, r"\tau": tau},
    **{r"\rho": illumination, "c": 0.9, "d": 0.67},
}


def clause_of(claim_id: str, begins: str):
    """The clause of a formula of a claim that begins so."""
    symbols = F.claim_table(claim_id).symbols
    for other, tex in F.readable():
        if other != claim_id:
            continue
        for clause in read(tex, symbols).clauses:
            for row in clause.args if clause.kind == "rows" else [clause]:
                if tex[row.start : row.end].lstrip("& ").startswith(begins):
                    return row
    raise AssertionError(f"no formula of {claim_id} begins with {begins}")


def machine(claim_id: str, begins: str, member: int, values: dict, **changed):
    """Value of one member of a clause, with values by letter."""
    table = F.claim_table(claim_id)
    named, first = {}, {}
    for letter, value in {**values, **changed}.items():
        try:
            name = table.name_of(letter)
        except FormulaError:
            continue  # this claim does not have it, or not with one meaning
        if table.symbols.kind(name) == "vector" and np.ndim(value) == 1:
            value = np.asarray(value)[:, None]
        elif np.ndim(value) and table.symbols.kind(name) != "matrix":
            first[name] = first_of(table.family_of(name))
        named[name] = value
    indices = {"k": k + 1, "i": 3, "l": 1, "K": K}
    env = Environment(named, table.functions, {}, indices, first)
    return evaluate(clause_of(claim_id, begins).args[member], env)


def lem1_sum():
    out = 0
    for i in range(K):
        cross = abs(np.vdot(h_bar[k], h_bar[i])) ** 2
        norm_i, norm_k = (np.vdot(h_bar[j], h_bar[j]).real for j in (i, k))
        top = mu[i] * mu[k] * kappa[i] * kappa[k] * cross + mu[i] * mu[k] * kappa[i] * norm_i
        top += phi[i] * mu[k] * kappa[k] * norm_k + phi[i] * mu[k] * N
        out += rho * top / (mu[i] * kappa[i] * norm_i + phi[i] * N)
    last = mu[k] ** 2 * kappa[k] ** 2 * norm_k**2 / (mu[k] * kappa[k] * norm_k + phi[k] * N)
    return out - last


def lem2():
    top = rho * N * (mu[k] * kappa[k] + phi[k])
    bottom = sum(
        (mu[i] * mu[k] * kappa[i] + phi[i] * mu[k] * kappa[k] + phi[i] * mu[k])
        / (mu[i] * kappa[i] + phi[i])
        for i in range(K)
    )
    return top / (rho * bottom + (1 - rho) * mu[k] + N0 / P_d)


def pairs(term, weight=lambda j: sqrt(mu[j] * kappa[j])):
    """Sum over two users of what Lemma 3 has in both."""
    scale = mu * kappa + phi
    return sum(
        weight(j) * weight(i) * term(h_bar[j], h_bar[i]) / sqrt(scale[j] * scale[i])
        for j in range(K)
        for i in range(K)
    )


def lem3_first():
    """As printed: with mu kappa in place of its root."""
    one = pairs(
        lambda p, q: np.vdot(a(theta), p) * np.vdot(q, a(theta)), lambda j: mu[j] * kappa[j]
    )
    scattered = (phi / (mu * kappa + phi)).sum()
    return rho * one + rho * N**2 * scattered + (1 - rho) * N**2


def lem3_second():
    slope = (N - 1) / 2 * 1j * pi * cos(theta)
    A, S = a(theta), a_slope(theta)
    square = (N - 1) * (2 * N - 1) / 6 * pi**2 * cos(theta) ** 2

    def term(p, q):
        return (
            slope * np.vdot(A, p) * np.vdot(q, S)
            + square * np.vdot(A, p) * np.vdot(q, A)
            + np.vdot(S, p) * np.vdot(q, S)
            - slope * np.vdot(S, p) * np.vdot(q, A)
        )

    common = pi**2 * cos(theta) ** 2
    scattered = (phi / (mu * kappa + phi)).sum()
    return (
        rho * pairs(term)
        + rho * N * (N**2 - 1) / 6 * common * scattered
        + (1 - rho) * N**2 * (N**2 - 1) / 12 * common
    )


def lem3_third():
    A, S = a(theta), a_slope(theta)
    slope = (N - 1) / 2 * 1j * pi * cos(theta)
    total = pairs(
        lambda p, q: np.vdot(A, p) * np.vdot(q, S) - slope * np.vdot(A, p) * np.vdot(q, A)
    )
    return rho**2 * abs(total) ** 2


def c1_mean():
    scale = [mu[j] * kappa[j] * np.vdot(h_bar[j], h_bar[j]).real + phi[j] * N for j in range(K)]
    out = (1 - rho) * np.outer(a(theta), a(theta).conj()) / N
    for j in range(K):
        out = out + rho * phi[j] / scale[j] * np.eye(N)
        for i in range(K):
            weight = sqrt(mu[j] * mu[i] * kappa[j] * kappa[i] / (scale[j] * scale[i]))
            out = out + rho * weight * np.outer(h_bar[j], h_bar[i].conj())
    return P_d * Td * out


def d2(member):
    phase = pi * 0.43
    front = 1j * pi * cos(theta)
    if member == 1:
        return front * sum(j * exp(1j * j * phase) for j in range(1, N))
    step = exp(1j * phase)
    if member == 2:
        return (
            front
            / (step ** (N + 1) - step**N)
            * (N * (step ** (N + 1) - step**N) - step ** (N + 1) + step)
        )
    if member == 3:
        return front * N / (step - 1) * step**N + front / (1 - step) * step * (1 - step**N) / (
            1 - step
        )
    first = pi * cos(theta) * N / (2 * sin(phase / 2)) * exp(1j * phase * (N - 0.5))
    second = pi * cos(theta) / (2 * sin(phase / 2)) * exp(1j * phase * N / 2)
    return first - second * sin(N * phase / 2) / sin(phase / 2)


def fz(z, factor):
    argument = lam_T**2 * pi / (factor * lam_U * z**2)
    front = 2.0 ** (1 - 3 * K) * (lam_U * pi * z**2) ** (-K / 2) * factorial(3 * K - 1)
    front *= (lam_T * pi) ** K / (z * factorial(K - 1) ** 2)
    return front * float(mpmath.hyperu(1.5 * K, 0.5, argument))


def psi_mean():
    w = lam_U * pi * P_U[k] * C0 / ((1 + kappa[k]) * (P_T * N * beta[k] + N0))
    order = k + 1
    special = w**order * float(mpmath.expint(order, w)) * exp(w)
    return rho * N / (1 - rho) * (kappa[k] + special)


def omega_mean():
    order = k + 1
    common = (1 - rho) * N / (2 * rho)
    last = N0 / C0 + (lam_T * pi) ** alpha * P_Tk[k] * N * gamma(order - alpha) / gamma(order)
    middle = kappa[k] * (1 + kappa[k]) * gamma(order + alpha / 2) / (P_U[k] * gamma(order))
    return common * (kappa[k] + 1) + common * (lam_U * pi) ** (-alpha / 2) * middle * last


def thm2(kappa_k, eps_C, eps_S):
    p, q = P_U[k], P_Tk[k]
    cdf = lambda z: ratio_cdf(float(z), K, lam_U, lam_T)  # noqa: E731
    second = (
        p / (kappa_k * (1 + kappa_k) * q * N) * (2 * rho / ((1 - rho) * N * eps_S) - kappa_k - 1)
    )
    if kappa_k < min((1 - rho) / (rho * eps_C * N), 2 * rho / ((1 - rho) * N * eps_S) - 1):
        first = p * (rho * eps_C * N * (1 + kappa_k) + rho - 1)
        first /= q * N * (1 + kappa_k) * (1 - rho - kappa_k * rho * eps_C * N)
        if first < 0:
            return np.nan
        return cdf(min(first ** (1 / alpha), second ** (1 / alpha)))
    if eps_S < 2 * rho**2 * eps_C / ((1 - rho) * (1 - rho + rho * eps_C * N)) and (
        (1 - rho) / (rho * eps_C * N) <= kappa_k <= 2 * rho / ((1 - rho) * N * eps_S) - 1
    ):
        return cdf(second ** (1 / alpha))
    return 0.0


def thm1(eps_u, bar_eps):
    p, q, scale = P_U[-1], P_Tk[-1], 1 + kappa[-1]
    cdf = lambda z: ratio_cdf(float(z), K, lam_U, lam_T)  # noqa: E731
    if eps_u < 1 - 2 * N / bar_eps:
        return 0.0
    first = cdf((eps_u * p / ((1 - eps_u) * q * N * scale)) ** (1 / alpha))
    if bar_eps > 2 * N:
        first -= cdf(((bar_eps - 2 * N) * p / (2 * q * N**2 * scale)) ** (1 / alpha))
    return first


def crb(front, top, bottom):
    return s_r**2 / (2 * abs(refl) ** 2 * L) * front * top / bottom


noise = N0 + P_U[k] * Tu * (mu[k] - phi[k])
own = P_U[k] * Tu * mu[k] / (P_U[k] * Tu * mu[k] + P_Tk[k] * Tu * N * beta[k] + N0)
along = np.outer(a(thetas[k]), a(thetas[k]).conj()) @ r_P[k] / N
residual = r_P[k] - along
norms = [np.vdot(h_bar[j], h_bar[j]).real for j in range(K)]

#: claim, beginning of the clause, member, value by hand
BY_HAND = [
    (
        "coupling.eq1",
        r"f_{d_",
        1,
        exp(-lam * pi * 0.7**2) * 2 * (lam * pi * 0.7**2) ** 3 / (0.7 * factorial(2)),
    ),
    (
        "coupling.mmse",
        r"\hat{\boldsymbol{h}}_k = ",
        1,
        sqrt(mu[k] * kappa[k]) * h_bar[k]
        + own * (y_P[k] / sqrt(P_U[k] * Tu) - sqrt(mu[k] * kappa[k]) * h_bar[k]),
    ),
    (
        "coupling.mmse",
        r"\phi_k",
        1,
        P_U[k] * Tu * mu[k] ** 2 / (P_U[k] * Tu * mu[k] + P_Tk[k] * Tu * N * beta[k] + N0),
    ),
    (
        "coupling.eq8",
        r"P_{D,k} &=",
        -1,
        ncx2.sf(2 * eps_d, 2, 2 * P_Tk[k] * Tu * N**2 * beta[k] * abs(zeta) ** 2 / noise),
    ),
    (
        "coupling.noise-uplink",
        r"P_{D,K}",
        -1,
        ncx2.sf(
            2 * eps_d, 2, 2 * P_Tk[-1] * Tu * N**2 * beta[-1] / (P_U[-1] * Tu * (mu[-1] - phi[-1]))
        ),
    ),
    (
        "coupling.glrt",
        r"\Lambda",
        1,
        (np.vdot(r_P[k], r_P[k]).real - np.vdot(residual, residual).real) / noise,
    ),
    ("coupling.glrt", r"\Lambda", 2, abs(np.vdot(r_P[k], a(thetas[k]))) ** 2 / (N * noise)),
    (
        "coupling.eq25",
        r"\Omega_k",
        -1,
        (1 - rho)
        * N
        / (2 * rho)
        * (kappa[-1] + 1 + kappa[-1] * (P_Tk[k] * N * beta[k] + N0) / (P_U[k] * mu[k])),
    ),
    ("coupling.fz", "f_Z(z)", 1, fz(0.7, 4)),
    ("coupling.A1", "f_Z(z)", -1, fz(0.7, 2)),
    ("coupling.lem1", r"\Sigma_", 1, lem1_sum()),
    ("coupling.lem2", r"\bar\gamma_k", 1, lem2()),
    ("coupling.lem3", r"\Pi_{AA}^l", 1, lem3_first()),
    ("coupling.lem3", r"\Pi_{\breve A\breve A}^l", 1, lem3_second()),
    ("coupling.lem3", r"\Pi_{A\breve A}^{l,\mathrm{square}}", 1, lem3_third()),
    ("coupling.C1", r"\boldsymbol{X}_{d,l}", 2, c1_mean()),
    *(("coupling.D2", r"\boldsymbol{a}_N", member, d2(member)) for member in (1, 2, 3, 4)),
    (
        "coupling.D6",
        r"\Pi_{\breve A\breve A}^l",
        1,
        rho * N**2 * (N**2 - 1) / 6 * pi**2 * cos(theta) ** 2 * (phi / (mu * kappa + phi)).sum()
        + (1 - rho) * N**2 * (N**2 - 1) / 12 * pi**2 * cos(theta) ** 2,
    ),
    ("coupling.lem5-psi", r"\bar\Psi_k", -1, psi_mean()),
    ("coupling.lem5-omega", r"\bar\Omega_k", -1, omega_mean()),
    (
        "coupling.B5",
        r"\mathbb{E}",
        -1,
        phi[k] * mu[k] * N
        + mu[k] * kappa[k] * (mu[k] + phi[k]) * norms[k]
        + (phi[k] * N + mu[k] * kappa[k] * norms[k]) ** 2,
    ),
    (
        "coupling.B6",
        r"\mathbb{E}",
        1,
        mu[k] * kappa[k] * abs(np.vdot(a(theta), h_bar[k])) ** 2 + mu[k] * N,
    ),
    ("rician.eq4", r"\tilde{\mathbf w}", 1, a1 * exp(1j * psi1) * h + a2 * exp(1j * psi2) * ac(th)),
    (
        "rician.eq6",
        r"\mathbf R",
        -1,
        P_c / np.vdot(h, h).real * np.outer(h, h.conj())
        + P_s / R_N * np.outer(ac(th), ac(th).conj()),
    ),
    ("rician.eq8", r"\mathrm{SINR}", 1, path * abs(np.vdot(h, w)) ** 2 / s_c**2),
    ("rician.eq8", r"\mathrm{SINR}", 2, path * P / s_c**2 * (X**2 + Y**2) / Z_w),
    ("rician.eq14", r"\mathrm{SINR}", 1, P_c * Z / (P_s / R_N * abs(T) ** 2 + s_c**2)),
    (
        "rician.eq15",
        r"\mathrm{CRB}",
        1,
        crb(
            1,
            illumination,
            b_slope_squared * illumination**2 + R_M * P_c / Z * abs(T1) ** 2 * P_s * R_N,
        ),
    ),
    (
        "rician.prop3",
        r"\mathrm{ACRB}",
        1,
        crb(1, illumination, b_slope_squared * illumination**2 + R_M * P_c / Z * tau * P_s * R_N),
    ),
    ("rician.eq16", r"\lvert T'\rvert", 1, abs(np.vdot(ac_slope(th), h)) ** 2),
    ("rician.eq16", r"\lvert T'\rvert", 2, a_slope_squared * np.vdot(h, h).real),
    ("rician.eq16", r"\|\dot{\mathbf a}\|^2", 1, a_slope_squared),
    (
        "rician.lb-com-dpc",
        r"P_{\mathrm{out,com}}",
        -1,
        norm.cdf((g * s_c**2 / P_c - R_N) / (sqrt(R_N * (2 * R_K + 1)) / (R_K + 1))),
    ),
    (
        "rician.eq17",
        r"\mathrm{CRB}",
        1,
        s_r**2 / (2 * abs(refl) ** 2 * L * P * R_N * b_slope_squared),
    ),
    ("rician.appA", r"\sum_{n=0}^{N-1}\cos", 0, cos(0.9 + np.arange(R_N) * 0.67).sum()),
    ("rician.appA", r"\sum_{n=0}^{N-1}\cos", 1, cos(0.9 + np.arange(R_N) * 0.67).sum()),
    (
        "rician.appC",
        r"\lvert T'\rvert",
        -1,
        e1**2 * abs(np.vdot(ac_slope(th), ac(ph))) ** 2 + e2**2 * a_slope_squared,
    ),
    ("rician.lem8-aligned", r"\mathrm{SINR}", 1, P_c / P_s * (R_K + 1) / R_K),
]


@pytest.mark.parametrize(
    ("claim_id", "begins", "member", "expected"), BY_HAND, ids=[f"{r[0]}-{r[2]}" for r in BY_HAND]
)
def test_by_hand(claim_id, begins, member, expected):
    values = COUPLING if claim_id.startswith("coupling") else RICIAN
    # there the power has no index: it is one for all
    changed = {"P_{T,k}": P_T} if claim_id == "coupling.lem5-psi" else {}
    found = np.squeeze(machine(claim_id, begins, member, values, **changed))
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-13)


def test_the_moments_of_laws_by_hand():
    mean, covariance = machine("coupling.mmse", r"\hat{\boldsymbol{h}}_k\sim", 1, COUPLING)
    np.testing.assert_allclose(mean[:, 0], sqrt(mu[k] * kappa[k]) * h_bar[k])
    np.testing.assert_allclose(covariance, phi[k] * np.eye(N))
    mean, variance = machine("coupling.residual-law", r"\boldsymbol{r}", 1, COUPLING)
    expected = sqrt(P_Tk[k] * Tu * N * beta[k]) * np.conj(zeta) * N
    np.testing.assert_allclose([mean, variance], [expected, noise * N])


@pytest.mark.parametrize(
    ("one", "other"),
    [(0.9, 14.0), (0.2, 14.0), (0.2, 9.0), (0.5, 10.0), (0.285, 14.0), (0.99, 99.0)],
)
def test_the_cases_of_theorem_1_by_hand(one, other):
    changed = {r"\epsilon_u^C": one, r"\bar\epsilon_u^C": one, r"\bar\epsilon_u^S": other}
    found = machine("coupling.eq13", r"P_{u,\mathrm{cov}}^{CS}", 1, COUPLING, **changed)
    np.testing.assert_allclose(found, thm1(one, other), rtol=1e-10)


@pytest.mark.parametrize(
    ("kappa_k", "one", "other"),
    [(0.1, 0.9, 0.05), (0.4, 0.6, 0.05), (1.5, 0.5, 0.03), (3.0, 0.9, 0.01), (9.0, 0.5, 0.2)],
)
def test_the_cases_of_theorem_2_by_hand(kappa_k, one, other):
    changed = {r"\epsilon_d^C": one, r"\epsilon_d^S": other}
    changed |= {r"\kappa_{u,k}": np.full(K, kappa_k)}
    found = machine("coupling.thm2", r"\begin{cases}", 0, COUPLING, **changed)
    np.testing.assert_allclose(found, thm2(kappa_k, one, other), rtol=1e-10)


# --- the same formula written otherwise ---------------------------------------------------------


def drawn():
    """Formulas with the members and the environments in which they have a value."""
    out = []
    for claim_id, tex in F.readable():
        table = F.claim_table(claim_id)
        try:
            members, environments = F.members_at_points(tex, table, 3)
        except (FormulaError, KeyError):
            continue
        if F.length(tex) >= 10 and members:
            out.append((claim_id, tex, environments))
    return out


DRAWN = drawn()


def test_enough_formulas_of_both_papers_are_evaluated():
    papers = [claim_id.partition(".")[0] for claim_id, *_ in DRAWN]
    assert papers.count("coupling") >= 60
    assert papers.count("rician") >= 45


def values(tex, claim_id, environments):
    """Values of all members of the clause that is compared, at the given points."""
    members = F.members_of(tex, F.claim_table(claim_id))
    found = []
    for env in environments:
        for member in members:
            value = evaluate(member, env)
            found += list(value) if isinstance(value, tuple) else [value]
    return [np.asarray(value) for value in found]


def same(one, other):
    return len(one) == len(other) and all(
        p.shape == q.shape and np.allclose(p, q, rtol=1e-9, atol=1e-300, equal_nan=True)
        for p, q in zip(one, other, strict=True)
    )


def nodes(tex, claim_id):
    return list(read(tex, F.claim_table(claim_id).symbols).walk())


SIZES = ("left", "big", "bigl", "Big", "Bigl", "bigg", "Bigg", "biggl", "Biggl")


def with_braces(tex, claim_id):
    members = F.members_of(tex, F.claim_table(claim_id))
    closed = {"symbol", "fraction", "norm", "modulus", "root", "group"}
    for node, above in (pair for member in members for pair in F.with_ancestors(member)):
        argument = above and above[-1].kind == "function" and node is above[-1].args[0]
        if not above or argument or tex[: node.start].endswith(SIZES):
            continue
        if node.kind in closed and node.data != "{}" and tex[node.start : node.end].strip():
            yield tex[: node.start] + "{" + tex[node.start : node.end] + "}" + tex[node.end :]


def with_sides(tex, claim_id):
    for node in nodes(tex, claim_id):
        plain = tex[node.start : node.end]
        if node.kind == "group" and node.data == "(" and plain[:1] + plain[-1:] == "()":
            sized = tex[: node.start].endswith(SIZES)
            if not sized and r"\\" not in plain:
                changed = rf"\left({plain[1:-1]}\right)"
                yield tex[: node.start] + changed + tex[node.end :]


def with_spaces(tex, claim_id):
    yield " ".join(piece.group() for piece in F.PIECES.finditer(tex))
    yield tex.replace(r"\!", " ")


def with_other_fractions(tex, claim_id):
    for command in (r"\dfrac", r"\tfrac", r"\cfrac"):
        yield F.re.sub(r"\\[dtc]?frac(?![A-Za-z])", lambda match: command, tex)  # noqa: B023


def with_other_brackets(tex, claim_id):
    for node in nodes(tex, claim_id):
        plain = tex[node.start : node.end]
        sized = tex[: node.start].endswith(SIZES)
        if node.kind == "group" and node.data == "(" and not sized and plain.endswith(")"):
            yield tex[: node.start] + "[" + plain[1:-1] + "]" + tex[node.end :]


def with_renamed_indices(tex, claim_id):
    symbols = F.claim_table(claim_id).symbols
    if not claim_id.startswith(("coupling", "rician")):
        return  # elsewhere some indices are names of members
    for node in nodes(tex, claim_id):
        index = node.data["index"] if node.kind in {"series", "integral"} else None
        if index is None or len(index) > 1 or f"{index}'" in tex:
            continue  # n' is another letter
        used = {piece.group() for piece in F.PIECES.finditer(tex)} | set(symbols.letters)
        fresh = next(c for c in "qvmpgho" if c not in used)
        inside = F.rename(tex[node.start : node.end], index, fresh)
        yield tex[: node.start] + inside + tex[node.end :]


REWRITINGS = [
    with_braces,
    with_sides,
    with_spaces,
    with_other_fractions,
    with_other_brackets,
    with_renamed_indices,
]


@pytest.mark.parametrize("rewrite", REWRITINGS)
def test_rewriting_changes_no_value(rewrite):
    tried = claims = 0
    for claim_id, tex, environments in DRAWN:
        before = values(tex, claim_id, environments)
        changed = [text for text in rewrite(tex, claim_id) if text != tex][:6]
        for text in changed:
            assert same(before, values(text, claim_id, environments)), (claim_id, tex, text)
        tried, claims = tried + len(changed), claims + bool(changed)
    assert claims >= 8
    assert tried >= 10


def test_rows_in_any_order():
    """A definition may stand in any row, but the first is what is compared."""
    tex = r"\begin{aligned} w &= \rho z_1+z_2,\\ z_1 &= N^2,\\ z_2 &= z_1\kappa \end{aligned}"
    head, *rows = tex.removesuffix(r" \end{aligned}").split(r",\\")
    table = F.table_with("w", "z_1", "z_2")
    reference = None
    for order in ([0, 1], [1, 0]):
        text = r",\\".join([head, *(rows[i] for i in order)]) + r"\end{aligned}"
        found = F.compared(text, table, data_share=0.3, N=4, rician_factor=1.7)
        reference = reference or found
        assert found == reference == [0.3 * 16 + 16 * 1.7]


#: where not every part decides about the value
CHOICES = {"case", "min", "max", "positive"}


def test_exchanged_operands_of_a_minus_change_the_value():
    tried = 0
    for claim_id, tex, environments in DRAWN:
        before = values(tex, claim_id, environments)
        if not all(np.all(np.isfinite(value) & (value != 0)) for value in before):
            continue
        for part in F.members_of(tex, F.claim_table(claim_id)):
            for node, above in F.with_ancestors(part):
                if node.kind != "sum" or [sign for sign, _ in node.data] != ["", "-"]:
                    continue
                if any(F.is_even(other) or other.kind in CHOICES for other in above):
                    continue
                left, right = (tex[arg.start : arg.end] for arg in node.args)
                text = tex[: node.start] + f"({right})-({left})" + tex[node.end :]
                try:
                    after = values(text, claim_id, environments)
                except FormulaError:
                    continue  # a difference in the limit of a sum
                assert not same(before, after), (claim_id, tex, text)
                tried += 1
    assert tried >= 60


# --- where a formula has no value ---------------------------------------------------------------

UNDEFINED = [
    (r"\frac1{x-x}", np.inf),
    (r"-\frac{y}{x-x}", -np.inf),
    (r"\frac{x-x}{x-x}", np.nan),
    (r"1/(x-x)", np.inf),
    (r"\frac{\zeta}{x-x}", np.nan),
    (r"\sqrt{x-y}", np.nan),
    (r"(x-y)^{1/2}", np.nan),
    (r"(x-y)^\alpha", np.nan),
    (r"(x-y)^2", (F.x - F.y) ** 2),
    (r"(x-y)^{-1}", 1 / (F.x - F.y)),
    (r"(x-x)^{-\alpha}", np.inf),
    (r"\ln(x-x)", -np.inf),
    (r"\ln(x-y)", np.nan),
    (r"\log_2(x-y)", np.nan),
    (r"\arcsin(y+1)", np.nan),
    (r"\left[\sqrt{x-y}\right]^+", np.nan),
    (r"\max\{x,\sqrt{x-y}\}", np.nan),
    (r"\left(\frac1{x-x}\right)^{1/\alpha}", np.inf),
    (r"F_Z\!\left(\sqrt{x-y}\right)", np.nan),
    (r"\sum_{n=0}^2\frac1n", np.inf),
    (r"\int_0^1\frac1t\,\mathrm dt", np.nan),
    (r"\int_0^1t\zeta\,\mathrm dt", zeta / 2),
    (r"\mathrm e^{-\infty}", 0.0),
    (r"\infty\cdot(x-x)", np.nan),
]


@pytest.mark.parametrize(("tex", "expected"), UNDEFINED, ids=[tex for tex, _ in UNDEFINED])
def test_no_value_is_repaired(tex, expected):
    np.testing.assert_allclose(F.value(tex), expected, rtol=1e-14, equal_nan=True)


REFUSED = [
    (r"\boldsymbol u+x", "a sum of shapes"),
    (r"\boldsymbol u+\boldsymbol A", "a sum of shapes"),
    (r"\boldsymbol u+\boldsymbol v^H", "a sum of shapes"),
    (r"\boldsymbol u\boldsymbol v", "a product of shapes"),
    (r"\boldsymbol A\boldsymbol u^H", "a product of shapes"),
    (r"\boldsymbol u\boldsymbol A", "a product of shapes"),
    (r"\frac{x}{\boldsymbol u}", "division by a vector"),
    (r"x/\boldsymbol A", "division by a vector"),
    (r"\boldsymbol u^2", "power of a vector"),
    (r"\boldsymbol u^{-1}", "power of a vector"),
    (r"x^{\boldsymbol u}", "vector as an exponent"),
    (r"\sqrt{\boldsymbol u}", "root of a vector"),
    (r"|\boldsymbol u|", "use double bars"),
    (r"\sin(\boldsymbol u)", "sin of a vector"),
    (r"\ln(\boldsymbol A)", "ln of a vector"),
    (r"\sqrt\zeta", "root of"),
    (r"\zeta^{1/2}", "broken power of a complex"),
    (r"\zeta!", "no real number"),
    (r"\boldsymbol A!", "no real number"),
    (r"\binom{\zeta}{2}", "no real number"),
    (r"[\zeta]^+", "no real number"),
    (r"\max\{\zeta,x\}", "no real number"),
    (r"\lfloor\zeta\rfloor", "no real number"),
    (r"\int_0^\zeta t\,\mathrm dt", "no real number"),
    (r"\int_0^1t\boldsymbol u\,\mathrm dt", "no number"),
    (r"\begin{cases}x,&\zeta<1,\\y,&\text{otherwise}\end{cases}", "no real number"),
    (r"\sum_{n=0}^xn", "whole limits"),
    (r"\sum_{n=0}^{N/2}n", "whole limits"),
    (r"\sum_{n=0}n", "one limit"),
    (r"\sum_qq", "range of the index q is not known"),
    (r"\mu_4", "out of its range"),
    (r"\mu_0", "out of its range"),
    (r"\mu_q", "the index q has no value"),
    (r"\mu_{k+1}", "the index k.1 has no value"),
    (r"F_Z", "no arguments"),
    (r"F_Z(x,y)", "does not take 2 arguments"),
    (r"g(x)", "does not take 1 argument"),
    (r"E_n(x,y)", "does not take 3 arguments"),
    (r"f(\boldsymbol u,x)", "does not take"),
    (r"\mathbb E\{x\}", "no number by itself"),
    (r"F_Z((x,y))", "the function F_Z"),
]


@pytest.mark.parametrize(("tex", "reason"), REFUSED, ids=[tex for tex, _ in REFUSED])
def test_refused(tex, reason):
    with pytest.raises(FormulaError, match=reason):
        F.value(tex)


def test_a_letter_or_a_size_without_a_value():
    for tex in ("x", r"\boldsymbol I", r"\mu_k", "f"):
        with pytest.raises(FormulaError, match=r"no value|no arguments"):
            evaluate(F.expression(tex), Environment({}, F.FUNCTIONS))


def test_one_antenna_makes_numbers_of_vectors():
    one = {"u": np.array([[2.0 + 1j]]), "v": np.array([[1j]]), "A": np.array([[3.0]]), "N": 1}
    assert F.value(r"\boldsymbol u^H\boldsymbol A\boldsymbol v", **one) == (2 - 1j) * 3 * 1j
    assert F.value(r"\|\boldsymbol u\|^2", **one) == pytest.approx(5)
    assert F.value(r"x\boldsymbol I_N+\boldsymbol A", **one) == F.x + 3


def test_a_definition_is_read_for_the_member_that_is_meant():
    table = F.table_with("w")
    tex = r"w=\sum_{i=1}^K\phi_i+\phi_k,\quad \phi_k=\mu_k^2\beta_{t,k}"
    gains, losses = np.array([1.0, 2.0, 3.0]), np.array([0.5, 0.25, 2.0])
    found = F.compared(tex, table, K=3, scattered_gain=gains, target_path_loss=losses)
    each = gains**2 * losses
    # with three members the free index is the second
    assert found == [pytest.approx(each.sum() + each[1])]


def test_cases_that_contradict_each_other_are_noticed():
    env = F.environment()
    evaluate(F.expression(r"\begin{cases}x,&N>2,\\y,&N>4\end{cases}"), env)
    assert env.conflicts
    for fine in (
        r"\begin{cases}x,&N\le5,\\x,&N\ge5\end{cases}",
        r"\begin{cases}x-y,&N\le5,\\-(y-x),&N\ge5\end{cases}",
        r"\begin{cases}x,&N>2,\\y,&\text{otherwise}\end{cases}",
        r"\begin{cases}\sqrt{x-y},&N>2,\\\frac{0}{x-x},&N>4\end{cases}",
    ):
        env = F.environment()
        evaluate(F.expression(fine), env)
        assert not env.conflicts, fine


def test_the_scale_of_rounding_is_that_of_what_cancels():
    env = F.environment(x=1e9, y=1e9 + 1.0)
    assert rounding_scale(F.expression("y-x"), env) == pytest.approx(1e9, rel=1e-6)
    assert rounding_scale(F.expression(r"2(y-x)"), env) == pytest.approx(2e9, rel=1e-6)
    assert rounding_scale(F.expression(r"\frac{z}{y-x}"), env) == pytest.approx(F.z * 1e9, rel=1e-6)
    assert rounding_scale(F.expression("yx"), env) == pytest.approx(1e18, rel=1e-6)


def test_nothing_but_an_error_of_formulas_can_happen():
    """Random expressions have a value, or are refused for a reason."""
    draw = np.random.default_rng(5)
    have_value = 0
    for _ in range(5000):
        tex = " ".join(draw.choice(F.ALPHABET, draw.integers(1, 11)))
        try:
            clauses = read(tex, F.SYMBOLS).clauses
        except FormulaError:
            continue
        for member in (
            part for clause in clauses if clause.kind == "chain" for part in clause.args
        ):
            try:
                evaluate(member, F.environment())
                rounding_scale(member, F.environment())
                have_value += 1
            except FormulaError:
                pass
    assert have_value > 200


def test_shape_errors_are_errors_of_formulas():
    assert issubclass(ShapeError, FormulaError)


# --- what chapters found -------------------------------------------------------------------------


def test_a_matrix():
    entries = value_with(
        r"\begin{pmatrix}\eta_1&0&2\\ 1-\eta_1&\frac{\eta_1}2&\cos\psi\\[2pt]\end{pmatrix}",
        letters_of("rician"),
        los_amplitude=0.4,
        phase_offset=0.0,
    )
    np.testing.assert_allclose(entries, [[0.4, 0, 2], [0.6, 0.2, 1]], rtol=1e-15)


@pytest.mark.parametrize(
    "body", [r"\eta_1&0\\ 1", r"\eta_1&\\ 1&2", r"&1\\ 1&2", r"\eta_1 0&1,\\ 1&2"]
)
def test_a_matrix_that_is_none(body):
    with pytest.raises(FormulaError):
        read(rf"\begin{{pmatrix}}{body}\end{{pmatrix}}", letters_of("rician").symbols)


@pytest.mark.parametrize("far", [1e-4, 1.0, 1500.0])
def test_an_integral_sees_a_peak_far_out(far):
    letters = letters_of("rician", r"$\lambda$ is noncentrality_target_beam")
    tex = r"\int_0^\infty f_{\chi_2'^2}(t,\lambda)\,\mathrm dt"
    assert value_with(tex, letters, noncentrality_target_beam=far) == pytest.approx(1, rel=1e-10)


def test_a_sum_without_end():
    tex = r"\mathrm e^x=\sum_{n\ge0}\frac{x^n}{n!}=\sum_{n=0}^\infty\frac{x^n}{n!}"
    found = compare(
        tex, letters_of("rician", "$x$ in (0, 30): argument"), lambda x: np.exp(x), points=8
    )
    assert found.killed == found.mutants > 4
    assert np.isnan(value_with(r"\sum_{n\ge1}\frac1n", letters_of("rician")))
    with pytest.raises(FormulaError, match="one limit"):
        value_with(r"\sum_{n=1}\frac1n", letters_of("rician"))
    with pytest.raises(FormulaError, match="plain sums"):
        value_with(r"\prod_{n\ge1}2^{-n}", letters_of("rician"))


@pytest.mark.filterwarnings("error")
def test_an_integral_that_diverges_is_no_number_and_no_warning():
    letters = letters_of("rician", "$t$ in (0, inf): variable", "$x$ in (1.5, 3): exponent")
    found = compare(
        r"\int_1^\infty t^{-x}\,\mathrm dt=\frac1{x-1}", letters, lambda x: 1 / (x - 1), points=8
    )
    assert found.killed == found.mutants > 3


def test_terms_that_cancel_inside_cases():
    letters = letters_of("coupling")
    tex = r"\rho=\begin{cases}F_Z(z)-F_Z(z),&\epsilon_u^C<\frac12,\\ 1,&\text{otherwise}\end{cases}"
    (clause,) = read(tex, letters.symbols).clauses
    values = {"z": 1e9, "K": 3, "user_density": 1.0, "target_density": 1.0}
    for threshold in (0.1, 0.7):
        env = Environment(values | {"nmse_threshold": threshold}, letters.functions)
        assert rounding_scale(clause.args[-1], env) == pytest.approx(1)
        assert evaluate(clause.args[-1], env) == (threshold > 0.5)


def test_few_digits_of_an_integral_tell_only_what_is_clearly_other():
    letters = letters_of("rician", "$x$ in (0.1, 3): rate")
    tex = r"\int_0^\infty\mathrm e^{-xt}\,\mathrm dt=\frac1x"
    (clause,) = read(tex, letters.symbols).clauses
    exact, coarse = (
        evaluate(clause.args[0], Environment({"x": 0.7}, precision=precision))
        for precision in (1e-11, 1e-4)
    )
    assert exact == pytest.approx(1 / 0.7, rel=1e-10)
    assert coarse == pytest.approx(1 / 0.7, rel=1e-3)
    # a mutant within the coarse error is decided by all digits
    near = r"(1+10^{-7})\int_0^\infty\mathrm e^{-xt}\,\mathrm dt"
    found = compare(near, letters, lambda x: (1 + 1e-7) / x)
    assert found.killed == found.mutants > 5
    with pytest.raises(Mismatch, match="differs from"):
        compare(near, letters, lambda x: 1 / x)
