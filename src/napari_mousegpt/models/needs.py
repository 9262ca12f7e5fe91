"""Which libraries a model needs beside transformers, and whether they are installed."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from napari_mousegpt.errors import DependencyError, InputError
from napari_mousegpt.models.device import EXTRA, torchvision_problem

__all__ = ["check_needs"]

#: Modules that transformers asks for by way of quantisation, and the packages that bring them.
_QUANTISED = {
    "aqlm": {"aqlm": "aqlm"},
    "auto-round": {"auto_round": "auto-round"},
    "awq": {"gptqmodel": "gptqmodel"},
    "bitsandbytes": {"bitsandbytes": "bitsandbytes"},
    "compressed-tensors": {"compressed_tensors": "compressed-tensors"},
    "eetq": {"kernels": "kernels"},
    "fbgemm_fp8": {"fbgemm_gpu": "fbgemm-gpu"},
    "fp8": {},
    "gptq": {"gptqmodel": "gptqmodel", "optimum": "optimum"},
    "hqq": {"hqq": "hqq"},
    "mxfp4": {"kernels": "kernels"},
    "quanto": {"optimum.quanto": "optimum-quanto"},
    "spqr": {"spqr_quant": "spqr_quant"},
    "torchao": {"torchao": "torchao"},
    "vptq": {"vptq": "vptq"},
}
#: Packages that the extra brings.
_OF_EXTRA = ("num2words", "accelerate")


def check_needs(config: dict[str, Any], kind: str, subject: object) -> None:
    """Refuse a model whose libraries are missing, before gigabytes are read.

    Parameters
    ----------
    config : dict
        Content of ``config.json``.
    kind : {"vlm", "encoder"}
    subject : object
        What to call the model in messages.

    Raises
    ------
    DependencyError
        When a library is missing, or torch and torchvision do not fit together.
    InputError
        When the weights are quantised in a way that is not known here.
    """
    family = config.get("model_type")
    packages = _quantising(config, subject)
    if family == "smolvlm" and not _found("num2words"):
        packages.append("num2words")
    if packages:
        how = _method(config)
        raise DependencyError(
            subject,
            expected=" and ".join(packages)
            + (f", for weights quantised by {how}" if how else f", which {family} needs"),
            found="not installed",
            remedy=f"Install it: pip install {' '.join(_to_install(packages))}",
        )
    problem = torchvision_problem() if kind == "vlm" or family == "swin3d" else ""
    if problem:
        raise DependencyError(
            subject, expected="torchvision, which prepares its video", found=problem
        )


def _to_install(packages: list[str]) -> list[str]:
    rest = [package for package in packages if package not in _OF_EXTRA]
    return [EXTRA, *rest] if len(rest) < len(packages) else rest


def _method(config: dict[str, Any]) -> str:
    told = config.get("quantization_config")
    if not isinstance(told, dict):
        return ""
    if told.get("load_in_4bit") or told.get("load_in_8bit"):
        return "bitsandbytes"
    return str(told.get("quant_method") or "a method that config.json does not name")


def _quantising(config: dict[str, Any], subject: object) -> list[str]:
    method = _method(config)
    if not method:
        return []
    if method not in _QUANTISED:
        raise InputError(
            subject,
            expected=f"weights as they are, or quantised by one of {', '.join(_QUANTISED)}",
            found=f"weights quantised by {method}",
            remedy="Take the version of the model that is not quantised.",
        )
    needed = {**_QUANTISED[method], "accelerate": "accelerate"}
    return [package for module, package in needed.items() if not _found(module)]


def _found(module: str) -> bool:
    parent = module.partition(".")[0]
    return find_spec(parent) is not None and (parent == module or find_spec(module) is not None)
