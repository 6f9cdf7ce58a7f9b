"""The uplink: path loss, the split of the band, and Shannon's rate.

Path loss: 3GPP TR 38.901, table 7.4.1-1, urban micro cell (street canyon) without line of sight,
the optional close-in form, valid for 10 m to 5 km and 0.5 to 100 GHz:

    PL = 32.4 + 20 log10(f / GHz) + 31.9 log10(d / m)  dB

that is, free space up to 1 m and the distance to the power 3.19 beyond that. `carrier_ghz` and
`path_loss_exponent` change f and the exponent. There is no fading: a user's channel depends
only on its distance. Users transmit on disjoint parts of the band, so there is no interference.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rlsys_mec.config import MecConfig

Floats = NDArray[np.float64]

LOSS_AT_1_M_1_GHZ_DB = 32.4


def full_band_snr(config: MecConfig, distance_m: Floats) -> Floats:
    """Return the signal-to-noise ratio (not in dB) of a user that has the whole band."""
    loss_db = (
        LOSS_AT_1_M_1_GHZ_DB
        + 20.0 * np.log10(config.carrier_ghz)
        + 10.0 * config.path_loss_exponent * np.log10(distance_m)
    )
    received_w = config.transmit_w * 10.0 ** (-loss_db / 10.0)
    snr: Floats = received_w / (config.bandwidth_mhz * 1e6 * config.noise_w_per_hz)
    return snr


def rate(config: MecConfig, share: Floats, snr: Floats) -> Floats:
    """Return Shannon's rate in Mbit/s: b B log2(1 + P g / (b B N0)).

    The power is concentrated in the user's own part of the band, so half the band costs less than
    half the rate.

    Args:
        share: b > 0, the share of the band.
        snr: from `full_band_snr`, P g / (B N0).
    """
    value: Floats = config.bandwidth_mhz * share * np.log2(1.0 + snr / share)
    return value


def shares(config: MecConfig, offload: NDArray[np.bool_], request: Floats) -> Floats:
    """Split the band of every copy among its offloading users.

    share = floor + (1 - n floor) softmax(request) over the n offloading users, where the floor is
    `spectrum_floor`, or 1 / n if n users would not fit.

    Args:
        offload, request: (..., N); requests as logits.

    Returns:
        (..., N), 0 for users that do not offload; the other shares sum to 1.
    """
    # Requests are bounded by the action space, so that no exponential overflows.
    weight = np.exp(request)
    weight *= offload
    total = weight.sum(axis=-1, keepdims=True)
    count = offload.sum(axis=-1, keepdims=True)
    floor = np.minimum(config.spectrum_floor, 1.0 / np.maximum(count, 1))
    share: Floats = weight * ((1.0 - count * floor) / np.where(total > 0.0, total, 1.0))
    if config.spectrum_floor > 0.0:
        share += floor * offload
    return share
