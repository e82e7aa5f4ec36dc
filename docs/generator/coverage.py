"""The coverage table: which of PyTorch's public names exist here, and why others do not."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from typing import Any

NAMES = json.loads((Path(__file__).parent / "torch_names.json").read_text())
HERE = {
    "torch": "tinygrad_ext",
    "torch.Tensor": "tinygrad_ext.Tensor",
    "torch.nn.functional": "tinygrad_ext.nn.functional",
    "torch.linalg": "tinygrad_ext.linalg",
    "torch.special": "tinygrad_ext.special",
    "torch.nn": "tinygrad_ext.nn",
    "torch.nn.init": "tinygrad_ext.nn.init",
    "torch.nn.utils": "tinygrad_ext.nn.utils",
    "torch.nn.utils.rnn": "tinygrad_ext.nn.utils.rnn",
}
# What a library of real tensors on one CPU has no use for; the first pattern that matches gives the reason.
REASONS = (
    (
        r"^(Container|NLLLoss2d|CrossMapLRN2d|clip_grad_norm|uniform|normal|constant|eye|dirac|xavier_uniform|"
        r"xavier_normal|kaiming_uniform|kaiming_normal|orthogonal|sparse)$",
        "PyTorch's own former names",
    ),
    (
        r"cuda|cudnn|miopen|mkldnn|^ipu$|^xpu$|^mtia$|^is_(ipu|maia|meta|mps|mtia|vulkan|xla|xpu)|get_device_module|"
        r"default_device|is_vulkan|pin_memory|is_pinned|record_stream|^get_device$",
        "other devices",
    ),
    (
        r"spars|spmm|smm|hspmm|hsmm|dsmm|coalesce|ccol|crow|col_indices|row_indices|^indices$|^values$|"
        r"indices_copy|values_copy|saddmm|sspaddmm|to_dense|dense_dim",
        "sparse tensors",
    ),
    (r"quant|fbgemm|^q_|qscheme|int_repr|qparams|scaled_(grouped_)?mm|grouped_mm", "quantized tensors"),
    (
        r"complex|^real$|^imag$|conj|^angle$|polar|view_as_real|cdouble|cfloat|chalf|stft|is_neg$|resolve_neg|^eig$|eigvals$",
        "complex numbers",
    ),
    (
        r"^half$|^char$|^short$|autocast|float32_matmul_precision|flush_denormal",
        "narrow number types",
    ),
    (
        r"_copy$|^slice_inverse$|unsafe_|native_|_backward|batch_norm_(elemt|gather|stats|update)|rnn_(relu|tanh)|"
        r"(gru|lstm)(_cell)?$|^convolution$|conv_tbc|norm_except_dim|thread_safe_generator|has_torch_function|"
        r"handle_torch_function|^alias|^as_subclass|grid_sampler|affine_grid_generator|_storage$|^storage|module_load|"
        r"nuclear_norm|frobenius_norm|segment_reduce|^index$|hash_tensor|embedding_renorm_|init_num_threads|"
        # torch.X for what users call torch.nn.functional.X
        r"^(batch_norm|instance_norm|embedding|embedding_bag|kl_div|binary_cross_entropy_with_logits|"
        r"(cosine_embedding|hinge_embedding|margin_ranking|poisson_nll|triplet_margin)_loss|dropout_|"
        r"(alpha|feature|feature_alpha)_dropout_)$",
        "PyTorch's own internals",
    ),
    (
        r"jit|^sym_|parse_|import_ir|merge_type|unify_type|^fork$|^wait$|^compile$|^cond$|while_loop|vmap|compiled_with|"
        r"deterministic|interop|anomaly|warn_always|is_distributed|prepare_multiprocessing|share|get_file_path|"
        r"profiler|from_file|set_default_tensor_type|nested|padded_tensor|grad_dtype|volatile|output_nr|^name$|"
        r"reinforce|dim_order|const_data_ptr|is_set_to|^set_$|map2?_$|^apply_$|^new$|^layout$",
        "compilation, deployment and machinery",
    ),
    (r"3d", "volumes (3-d windows)"),
    (r"^DataParallel$|SyncBatchNorm", "other devices"),
    (r"^Lazy", "modules that take their sizes from the first input"),
    (r"memory_format|^fuse_|^skip_init$|^stateless$|invert_permutation", "PyTorch's own internals"),
    (
        r"bessel|airy|polynomial|zeta|igamma|gammainc|multigammaln|mvlgamma|i0e?$|i1e?$|erfcx|nextafter|frexp|"
        r"polygamma",
        "rare special functions",
    ),
    (
        r"symeig|^solve$|^lstsq$|matrix_rank|^qr$|^lu|lobpcg|geqrf|orgqr|ormqr|householder|ldl_|triangular_solve|"
        r"lowrank|_ex$|cholesky_inverse|^range$",
        "deprecated or LAPACK's own pieces",
    ),
)


def resolve(path: str) -> Any:
    """A module or the tensor type."""
    if path.endswith(".Tensor"):
        return importlib.import_module("tinygrad_ext").Tensor
    try:
        return importlib.import_module(path)
    except ImportError:
        return None


def reason(name: str) -> str:
    """Why a name is not here."""
    return next((why for pattern, why in REASONS if re.search(pattern, name)), "not yet")


def page() -> str:
    """The text of the coverage page."""
    lines = [
        "# Coverage",
        "",
        f"PyTorch {NAMES['version']}'s public names and whether they exist here. Made by `docs/generate.py`;",
        "what is here is asked of the library itself.",
        "",
        "| | in PyTorch | here | left out on purpose | not yet |",
        "|---|---|---|---|---|",
    ]
    details = []
    for place, path in HERE.items():
        owner = resolve(path)
        found = [name for name in NAMES[place] if hasattr(owner, name)]
        missing: dict[str, list[str]] = {}
        for name in sorted(set(NAMES[place]) - set(found)):
            missing.setdefault(reason(name), []).append(name)
        later = len(missing.get("not yet", []))
        total = len(NAMES[place])
        lines.append(f"| `{place}` | {total} | {len(found)} | {total - len(found) - later} | {later} |")
        details += ["", f"## {place}", "", f"Here: {', '.join(f'`{name}`' for name in found)}", ""]
        details += [
            f"- {why}: {', '.join(f'`{n}`' for n in names)}" for why, names in sorted(missing.items())
        ]
    return "\n".join([*lines, *details]) + "\n"
