"""Differentiation: `grad`, grad modes, Jacobians and Hessians, gradient checks, and users' own operations."""

from tinygrad_ext.autograd import functional
from tinygrad_ext.autograd.function import Function, FunctionContext
from tinygrad_ext.autograd.functional import hessian, jacobian, jvp, vjp
from tinygrad_ext.autograd.grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled
from tinygrad_ext.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from tinygrad_ext.autograd.gradient import backward, grad

__all__ = [
    "Function",
    "FunctionContext",
    "GradcheckError",
    "backward",
    "enable_grad",
    "functional",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "hessian",
    "inference_mode",
    "jacobian",
    "jvp",
    "no_grad",
    "set_grad_enabled",
    "vjp",
]
