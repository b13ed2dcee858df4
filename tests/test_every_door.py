"""Every public function, driven with thousands of good, bad and extreme inputs made by machine.

What may come out is a value in its range or a ``ValueError``; nothing silent, nothing that takes
longer than two seconds. ``python tests/test_every_door.py`` prints the counts.
"""

import contextlib
import dataclasses
import functools
import importlib
import inspect
import math
import pkgutil
import signal
import typing
import warnings
import zlib
from collections import Counter

import numpy as np
import pytest

import isacnb
from isacnb.coupling.downlink_angle import Traces, Transmission
from isacnb.coupling.downlink_sinr import BeamMoments, ChannelStatistics, DownlinkUsers
from isacnb.coupling.settings import CouplingParameters
from isacnb.coupling.uplink import UplinkLink
from isacnb.coupling.uplink_system import estimate_paper, matched_filter_statistic
from isacnb.numbers.generic import Quantity
from isacnb.signals.arrays import steering_vector
from isacnb.vocabulary import symbol_of

ROOMS = ("special", "probability", "signals", "coupling", "rician")
#: of processor time: a busy machine is no fault
SECONDS = 2.0
#: sizes that hang together, so that shapes fit
SIZES = {"N": 4, "M": 5, "K": 3, "pilot_length": 8, "data_length": 8, "frame_length": 8, "*": 4}
#: what no vocabulary describes, by the name of the parameter
TOOLS = {
    "rng": lambda rng: np.random.default_rng(1),
    "seed": lambda rng: 1,
    "size": lambda rng: 3,
    "n": lambda rng: 200,
    "count": lambda rng: 3,
    "batches": lambda rng: 2,
    "batch": lambda rng: 20,
    "points": lambda rng: 64,
    "nets": lambda rng: 2,
    "dimension": lambda rng: 2,
    "digits": lambda rng: 12,
    "sampler": lambda rng: lambda generator, size: generator.random(size),
    "integrand": lambda rng: lambda u: u.sum(axis=-1),
    "executor": lambda rng: None,
    "progress": lambda rng: None,
    "user": lambda rng: ChannelStatistics.of(pairs()[0]),
    "other": lambda rng: ChannelStatistics.of(pairs()[1]),
    "users": lambda rng: DownlinkUsers.of(pairs()),
    "moments": lambda rng: BeamMoments([3.0], [[10.0]], [3.0], [1.0]),
    "links": lambda rng: pairs(),
    "target_index": lambda rng: 1,
    "beam_overlap": lambda rng: rng.uniform(0, 16),
    "coupling.downlink_sinr.beam_power.overlap": lambda rng: rng.uniform(0, 16),
    "coupling.printed.beam_power_printed.overlap": lambda rng: rng.uniform(0, 16),
    "coupling.downlink_sinr.sinr_large_array.scattered_gain": lambda rng: rng.uniform(1, 2, 3),
    "coupling.downlink_system.maximum_ratio.estimate": lambda rng: array(rng, (3, 2, 4)),
    "coupling.downlink_system.receive.channel": lambda rng: array(rng, (3, 2, 4)),
}
#: the transmission and its parts, with users that fit each other
TOOLS |= {
    "parts": lambda rng: Traces(16.0, 2.0 + 1.0j, 40.0),
    "transmission": lambda rng: Transmission.from_angles(
        *(0.3, rng.uniform(-1, 1, 3), rng.uniform(1, 2, 3), rng.uniform(0, 1, 3)), 0.4, 4
    ),
    "coupling.downlink_angle.draw_estimates.line_of_sight": lambda rng: array(rng, (3, 4)),
    "coupling.downlink_system.transmit_matrix.user_beam": lambda rng: array(rng, (3, 4)),
    "coupling.printed.schur_complement_printed.information": lambda rng: np.diag([4.0, 2.0, 2.0]),
}
for _name, _form in (("downlink_angle", ""), ("printed", "_printed")):
    for _parameter, _make in {
        "correlation_matrix{}.estimate": lambda rng: array(rng, (3, 4)),
        "correlation_matrix{}.estimate_powers": lambda rng: rng.uniform(1, 2, 3),
        "mean_correlation_matrix{}.line_of_sight": lambda rng: array(rng, (3, 4)),
        "mean_correlation_matrix{}.specular_gain": lambda rng: rng.uniform(1, 2, 3),
        "mean_correlation_matrix{}.estimate_variance": lambda rng: rng.uniform(1, 2, 3),
    }.items():
        TOOLS[f"coupling.{_name}.{_parameter.format(_form)}"] = _make
TOOLS["special.genchi2.GenChi2.tilted.tilt"] = lambda rng: rng.uniform(-0.5, 0.0)
#: a contour that leaves the saddle point where the bound holds
TOOLS |= {
    f"special.marcum.marcum_contour_bound.{name}": lambda rng, value=value: value
    for name, value in {"m": 1, "a": 1.0, "b": 6.0, "contour_points": 64}.items()
}
SIGNALS = {
    "channel": lambda rng: array(rng, (3, 2, 4)),
    "user_beam": lambda rng: array(rng, (3, 2, 4)),
    "streams": lambda rng: array(rng, (3, 8)),
}
for _signal in ("downlink_system.received_signal", "printed.received_signal_printed"):
    TOOLS |= {f"coupling.{_signal}.{name}": make for name, make in SIGNALS.items()}
#: the uplink: pairs that share pilots, and settings in which a mean exists
SQUARE_LAW = ("squared_reach", "mean_interference_given_target")
TOOLS |= {
    "link": lambda rng: pairs()[0],
    "coupling.uplink_system.simulate.estimator": lambda rng: estimate_paper,
    "coupling.uplink_system.simulate.detector": lambda rng: matched_filter_statistic,
    "coupling.uplink.cross_echo_energy.steering": lambda rng: steering_vector([0.1, 0.4, -0.5], 4),
    "coupling.uplink.cross_echo_energy.target_path_loss": lambda rng: rng.uniform(1, 2, 3),
    **{
        f"coupling.uplink_targets.{name}.steering": (
            lambda rng: steering_vector([0.1, 0.4, -0.5], 4)
        )
        for name in ("reflected_snr", "cross_echo_snr", "nulling_share", "echo_powers")
    },
    **{
        f"coupling.uplink_targets.{name}.echo_energy": lambda rng: rng.uniform(1, 2, 3)
        for name in ("reflected_snr", "cross_echo_snr", "echo_powers")
    },
    "coupling.uplink_targets.reflected_snr.reflection_coefficient": lambda rng: array(rng, (3,)),
    "coupling.uplink_targets.nmse_lmmse_targets.echo_powers": lambda rng: rng.uniform(1, 2, 3),
    "other_steering": lambda rng: array(rng, (2, 4)),
    "coupling.uplink_system.despread.received_pilots": lambda rng: array(rng, (3, 4, 8)),
    "coupling.uplink_system.despread.pilots": lambda rng: array(rng, (8, 3)),
    "coupling.uplink_system.received_pilots.pilot_signals": lambda rng: array(rng, (2, 3, 4)),
    "coupling.uplink_system.received_pilots.pilots": lambda rng: array(rng, (8, 3)),
    "probability.estimators.estimate_probability.sampler": (
        lambda rng: lambda generator, size: generator.random(size) < 0.5
    ),
    "signals.fisher.reduced_information.derivative_matrix": lambda rng: array(rng, (5, 4)),
}
for _name, _form in (("downlink_ratios", ""), ("printed", "_printed")):
    TOOLS[f"coupling.{_name}.ergodic_enhancement_ratio{_form}.rank"] = lambda rng: 4
    for _parameter in SQUARE_LAW:
        TOOLS[f"coupling.{_name}.{_parameter}{_form}.parameters"] = lambda rng: (
            CouplingParameters.paper(path_loss_exponent=2)
        )
#: real for the vocabulary, complex for these
COMPLEX_TOO = {"special.genchi2.GenChi2.cumulant_function.moment_argument"}
#: functions that answer nan where no limit exists, as they say
MAY_BE_NAN = {
    "coupling.downlink_coverage.benefit_coverage_ratio",
    "coupling.downlink_coverage.interference_coverage_ratio",
}


def pairs():
    settings = CouplingParameters.paper(N=4)
    return [UplinkLink.at(settings, 60, 9, 0.9, 0.3), UplinkLink.at(settings, 90, 12, -0.5, 0.9)]


def public_functions():
    for room in ROOMS:
        package = importlib.import_module(f"isacnb.{room}")
        for module in pkgutil.walk_packages(package.__path__, f"isacnb.{room}."):
            loaded = importlib.import_module(module.name)
            for name in getattr(loaded, "__all__", []):
                member = getattr(loaded, name)
                where = f"{module.name.removeprefix('isacnb.')}.{name}"
                if inspect.isfunction(member) and member.__module__ == module.name:
                    yield where, member
                elif inspect.isclass(member) and dataclasses.is_dataclass(member):
                    for method, function in vars(member).items():
                        # a method with a door of its own
                        doored = inspect.isfunction(function) and hasattr(function, "__wrapped__")
                        if doored and not method.startswith("_"):
                            yield f"{where}.{method}", function


FUNCTIONS = dict(public_functions())
#: functions whose arguments no table can make: what they take is told in their own tests
BY_HAND: dict[str, str] = {
    "rician.angles.average_over_angles": "averages a function",
    "rician.angles.average_over_uniform_angles": "averages a function",
    "rician.angles.density_angles": "takes a density as a function",
    "rician.outage_region.pareto_boundary": "takes four probabilities that must fit each other",
    "rician.system.simulate_link": "takes a beamformer",
    "signals.fisher.jacobian": "takes a model as a function",
    "signals.fisher.model_information": "takes a model as a function",
    "probability.gaussian.complex_normal": "takes a shape",
    "probability.rare.tilted_probability": "takes an event",
    "special.certified.integral": "takes a function",
    "special.certified.midpoint_radius": "takes a ball",
}


class Unmade(Exception):
    """No value can be made for a parameter."""


def in_domain(domain, symbol, rng):
    low, high = symbol.typical or (domain.low, domain.high)
    if domain.kind == "integer":
        return int(max(domain.low, min(symbol.typical[0] if symbol.typical else 2, domain.high)))
    if math.isinf(low) and math.isinf(high):
        low, high = -1.0, 1.0
    elif math.isinf(high):
        low, high = low + 0.1, low + 2.0
    elif math.isinf(low):
        low, high = high - 2.0, high - 0.1
    return float(rng.uniform(low + 0.05 * (high - low), high - 0.05 * (high - low)))


def array(rng, shape):
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / math.sqrt(2)


def good(name, hint, where, rng):
    """A value that the parameter should welcome."""
    if name == "self":
        module, _, cls = where.rpartition(".")[0].rpartition(".")
        return noun(getattr(importlib.import_module(f"isacnb.{module}"), cls), rng)
    for known in (f"{where}.{name}", name):
        if known in TOOLS:
            return TOOLS[known](rng)
    if dataclasses.is_dataclass(hint):
        return noun(hint, rng)
    if hint is bool:
        return False
    if typing.get_origin(hint) is typing.Literal:
        return typing.get_args(hint)[0]
    symbol = symbol_of(name, where)
    if symbol is None:
        if hint is float:
            return 1.0
        raise Unmade(name)
    domain = symbol.domain
    if name in SIZES:
        return SIZES[name]
    if domain.kind in ("real", "integer"):
        return in_domain(domain, symbol, rng)
    if domain.kind == "complex":
        return complex(array(rng, ()))
    if domain.kind in ("vector", "matrix"):
        shape = tuple(int(s) if s.isdigit() else SIZES.get(s, 4) for s in domain.shape)
        value = array(rng, shape)
        if len(shape) == 2 and shape[0] == shape[1]:
            value = value @ value.conj().T + np.eye(shape[0])
        return value
    raise Unmade(name)


def noun(cls, rng):
    for maker in ("paper", "example"):
        if hasattr(cls, maker):
            return getattr(cls, maker)()
    hints = typing.get_type_hints(cls)
    place = f"{cls.__module__.removeprefix('isacnb.')}.{cls.__qualname__}"
    return cls(
        **{
            field.name: good(field.name, hints[field.name], place, rng)
            for field in dataclasses.fields(cls)
            if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        }
    )


def plain_hint(hint):
    options = [option for option in typing.get_args(hint) if option is not type(None)]
    if type(None) in typing.get_args(hint) and len(options) == 1:
        return options[0]
    return hint


@functools.cache
def parameters_of(name):
    function = FUNCTIONS[name]
    hints = typing.get_type_hints(inspect.unwrap(function))
    return {
        parameter.name: (plain_hint(hints.get(parameter.name)), parameter)
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is not parameter.VAR_KEYWORD
    }


def arguments_for(name, rng):
    return {
        parameter: good(parameter, hint, name, rng)
        for parameter, (hint, declared) in parameters_of(name).items()
        if declared.default is declared.empty
    }


# --- one call -----------------------------------------------------------------------------------


class Slow(Exception):
    """A call took longer than it may."""


@contextlib.contextmanager
def watch(seconds):
    def ring(*_):
        raise Slow

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def holds_nan(value):
    if isinstance(value, tuple | list):
        return any(map(holds_nan, value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return any(holds_nan(getattr(value, field.name)) for field in dataclasses.fields(value))
    kind = getattr(value, "dtype", None)
    if isinstance(value, float | complex) or (kind is not None and kind.kind in "fc"):
        return bool(np.isnan(value).any())
    return False


def outcome(name, arguments):
    """``value``, ``refused`` (with the message), or what must not be."""
    try:
        with watch(SECONDS), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            value = FUNCTIONS[name](**arguments)
    except ValueError as error:
        return "refused", str(error)
    except Slow:
        return "slow", ""
    except Exception as error:
        return type(error).__name__, str(error)
    if holds_nan(value) and "printed" not in name and name not in MAY_BE_NAN:
        return "nan", ""
    return "value", ""


#: never a value of a real quantity
NEVER = {"nan": math.nan, "text": "wide", "complex": 1j, "none": None, "truth": True}
#: legal for some, and where numerics break
EXTREME = (0.0, 1e-300, 1e-12, 1e12, 1e300, -1.0, math.inf, -math.inf, 1.5, 10**6)


def bad_cases(name, rng):
    """Arguments of which exactly one cannot be meant, with its name."""
    for parameter, (hint, declared) in parameters_of(name).items():
        symbol = symbol_of(parameter, name)
        if symbol is None or symbol.domain.kind not in ("real", "integer"):
            continue
        if hint not in (int, float, Quantity):
            continue
        values = dict(NEVER)
        if f"{name}.{parameter}" in COMPLEX_TOO:
            del values["complex"]
        if declared.default is None:
            del values["none"]
        if hint in (int, float):
            values["an array"] = np.ones(2)
        for what, value in values.items():
            yield parameter, what, {**arguments_for(name, rng), parameter: value}


def extreme_cases(name, rng, count):
    """Arguments of which some lie far out, within what their types allow."""
    numeric = [
        parameter
        for parameter, (hint, _) in parameters_of(name).items()
        if (symbol := symbol_of(parameter, name)) is not None
        and symbol.domain.kind in ("real", "integer")
        and hint in (int, float, Quantity)
    ]
    for _ in range(count if numeric else 0):
        chosen = rng.choice(numeric, size=min(len(numeric), int(rng.integers(1, 4))), replace=False)
        far = {parameter: EXTREME[int(rng.integers(len(EXTREME)))] for parameter in chosen}
        whole = {p: int(v) for p, v in far.items() if math.isfinite(v) and float(v).is_integer()}
        yield {**arguments_for(name, rng), **far, **whole}


#: whose least value contradicts the other arguments, such as a rank too low for a mean to exist
HELD_BY_OTHERS = {"rank", "scattered_gain", "probability", "disc_radius", "contour_points"}


def border_cases(name, rng):
    """Arguments of which one is the least or the largest allowed, or just beyond."""
    own = getattr(FUNCTIONS[name], "own_domains", {})
    for parameter, (hint, _) in parameters_of(name).items():
        symbol = symbol_of(parameter, name)
        if symbol is None or hint not in (int, float, Quantity):
            continue
        domain = own.get(parameter, symbol.domain)
        if domain.kind not in ("real", "integer"):
            continue
        for end, left_out, away in (
            (domain.low, domain.open_low, -math.inf),
            (domain.high, domain.open_high, math.inf),
        ):
            if not math.isfinite(end):
                continue
            if domain.kind == "integer":
                inside, outside = int(end), int(end) + (1 if away > 0 else -1)
            else:
                inside, outside = math.nextafter(end, -away) if left_out else end, end
                outside = end if left_out else math.nextafter(end, away)
            if abs(end) == math.pi / 2:
                # the float lies below the number: endfire itself may pass
                inside, outside = end, math.copysign(1.58, end)
            for value, allowed in ((inside, True), (outside, False)):
                yield parameter, allowed, {**arguments_for(name, rng), parameter: value}


def drive(name, extremes=24):
    """Counts of outcomes, and all that must not be, of one function."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    counts, faults = Counter(), []
    for _ in range(3):
        found, message = outcome(name, arguments_for(name, rng))
        counts["good", found] += 1
        if found != "value":
            faults.append(f"good arguments: {found} {message}")
    for parameter, what, arguments in bad_cases(name, rng):
        found, message = outcome(name, arguments)
        counts["bad", found] += 1
        if found != "refused" or not message.startswith(parameter):
            faults.append(f"{parameter} = {what}: {found} {message}")
    for parameter, allowed, arguments in border_cases(name, rng):
        found, message = outcome(name, arguments)
        counts["border", found] += 1
        # with the other arguments it may be contradictory, but not by itself
        blamed = found == "refused" and message.startswith(f"{parameter} must")
        wrong = blamed is allowed and not (allowed and parameter in HELD_BY_OTHERS)
        if found not in ("value", "refused") or wrong:
            shown = arguments[parameter]
            faults.append(f"{parameter} = {shown!r}, allowed {allowed}: {found} {message}")
    for arguments in extreme_cases(name, rng, extremes):
        found, message = outcome(name, arguments)
        counts["extreme", found] += 1
        if found not in ("value", "refused"):
            shown = {k: v for k, v in arguments.items() if np.ndim(v) == 0}
            faults.append(f"extreme: {found} {message} at {shown}")
    return counts, faults


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - BY_HAND.keys()))
def test_a_value_in_its_range_or_a_value_error(name):
    _, faults = drive(name)
    assert not faults, "\n".join(faults[:8])


#: faults that larger numbers of extremes have found, and that are to be mended: too long, or nan, far out
TO_BE_MENDED = {
    "coupling.uplink.inverse_mean": "slow at a shape of 1e-300",
    "rician.rate.projection_moments": "nan at a Rician factor of 1e300 with 1e12 antennas",
    "rician.rate_outage.rate_outage_joint": "slow at thresholds near 0",
    "special.marcum.marcum_contour_mean": "slow with a million points of the contour",
}


@pytest.mark.deep
@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - BY_HAND.keys() - TO_BE_MENDED.keys()))
def test_extremes_in_larger_numbers(name):
    _, faults = drive(name, extremes=200)
    assert not faults, "\n".join(faults[:8])


def test_what_is_left_to_other_tests_is_there():
    assert BY_HAND.keys() | TO_BE_MENDED.keys() <= FUNCTIONS.keys()


if __name__ == "__main__":
    total = Counter()
    for name in sorted(FUNCTIONS):
        if name in BY_HAND:
            continue
        try:
            counts, faults = drive(name)
        except Exception as error:
            print("UNMADE", name, type(error).__name__, error)
            continue
        total += counts
        for fault in faults[:3]:
            print("FAULT", name, fault[:230])
    print(isacnb.__name__, sum(total.values()), dict(total))
