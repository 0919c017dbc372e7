"""The few parts of torch that llama.cpp's converter uses for plain weights, over numpy.

A gigabyte of torch is a lot for reading, permuting and widening arrays. Anything else that is asked for is an object
without behaviour, so that a use of it fails where it happens.
"""
import contextlib

import numpy

__version__ = "0.0"  # transformers then leaves it alone


class Tensor(numpy.ndarray):
    def numpy(self):
        return numpy.asarray(self)

    def to(self, dtype):
        return self.astype(dtype)

    def transpose(self, first, second):
        return numpy.swapaxes(self, first, second)

    def view(self, *shape):
        return self.reshape(*shape) if isinstance(shape[0], (int, tuple)) else super().view(*shape)

    def unsqueeze(self, dim):
        return numpy.expand_dims(self, dim)

    def chunk(self, count, dim=0):
        return numpy.split(self, count, axis=dim)

    def reshape_as(self, other):
        return self.reshape(other.shape)

    def contiguous(self):
        return numpy.ascontiguousarray(self)


class Missing:
    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return f"torch.{self.name}"


float16, float32, float64 = (numpy.dtype(name) for name in ("float16", "float32", "float64"))
int8, int16, int32, int64 = (numpy.dtype(name) for name in ("int8", "int16", "int32", "int64"))
uint8, uint16, uint32, uint64 = (numpy.dtype(name) for name in ("uint8", "uint16", "uint32", "uint64"))
dtype = numpy.dtype
Size = tuple


def from_numpy(array):
    return numpy.asarray(array).view(Tensor)


def tensor(values, dtype=None):
    return numpy.array([numpy.float32(value) for value in values], dtype=dtype).view(Tensor)


def arange(*bounds, dtype=None):
    return numpy.arange(*bounds, dtype=dtype).view(Tensor)


def stack(tensors, dim=0):
    return numpy.stack(tensors, axis=dim).view(Tensor)


def cat(tensors, dim=0):
    return numpy.concatenate(tensors, axis=dim).view(Tensor)


concat = cat


def split(values, sizes, dim=0):
    return numpy.split(values, numpy.cumsum(sizes)[:-1], axis=dim)


def zeros(*shape):
    return numpy.zeros(shape, numpy.float32).view(Tensor)


@contextlib.contextmanager
def inference_mode():
    yield


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return Missing(name)
