"""Writes checkpoints as torch.save does, without PyTorch: pickles that name its classes, in zip archives or in a row."""
import collections
import io
import pickle
import struct
import sys
import types
import zipfile

FORMATS = {"FloatStorage": "f", "HalfStorage": "e", "DoubleStorage": "d", "LongStorage": "q", "IntStorage": "i",
           "BFloat16Storage": "H", "BoolStorage": "?"}
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C


def stand_in_for_torch():
    """Modules whose classes and functions pickle under PyTorch's names."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name in FORMATS:
        setattr(torch, name, type(name, (), {"__module__": "torch"}))
    for name in ("_rebuild_tensor_v2", "_rebuild_parameter"):
        function = lambda *arguments: None
        function.__module__, function.__qualname__, function.__name__ = "torch._utils", name, name
        setattr(utils, name, function)
    torch._utils = utils
    sys.modules.setdefault("torch", torch)
    sys.modules.setdefault("torch._utils", utils)
    return sys.modules["torch"]


TORCH = stand_in_for_torch()


class Storage:
    def __init__(self, kind, values):
        self.kind, self.values = kind, values

    def packed(self):
        return struct.pack(f"<{len(self.values)}{FORMATS[self.kind]}", *self.values)


class Tensor:
    def __init__(self, storage, shape, strides=None, offset=0, parameter=False):
        if strides is None:
            strides, step = [], 1
            for size in reversed(shape):
                strides.insert(0, step)
                step *= size
        self.storage, self.shape, self.strides, self.offset = storage, tuple(shape), tuple(strides), offset
        self.parameter = parameter

    def __reduce__(self):
        if self.parameter:
            plain = Tensor(self.storage, self.shape, self.strides, self.offset)
            return TORCH._utils._rebuild_parameter, (plain, True, collections.OrderedDict())
        return TORCH._utils._rebuild_tensor_v2, (self.storage, self.offset, self.shape, self.strides, False,
                                                 collections.OrderedDict())


class Pickler(pickle.Pickler):
    def __init__(self, file, legacy):
        super().__init__(file, protocol=2)
        self.legacy, self.storages = legacy, {}

    def persistent_id(self, value):
        if not isinstance(value, Storage):
            return None
        key = next((key for key, known in self.storages.items() if known is value), str(len(self.storages)))
        self.storages[key] = value
        identity = ("storage", getattr(TORCH, value.kind), key, "cpu", len(value.values))
        return identity + (None,) if self.legacy else identity


def write_archive(path, value, compression=zipfile.ZIP_STORED, byteorder="little"):
    buffer = io.BytesIO()
    pickler = Pickler(buffer, legacy=False)
    pickler.dump(value)
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("archive/data.pkl", buffer.getvalue())
        archive.writestr("archive/byteorder", byteorder)
        for key, storage in pickler.storages.items():
            archive.writestr(f"archive/data/{key}", storage.packed())
        archive.writestr("archive/version", "3\n")
    return path


def write_row_of_pickles(path, value, pickled=None):
    """`pickled`: the value's pickle, instead of what Python makes of it."""
    with open(path, "wb") as file:
        pickle.dump(LEGACY_MAGIC, file, protocol=2)
        pickle.dump(1001, file, protocol=2)
        pickle.dump({"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}, file, protocol=2)
        pickler = Pickler(file, legacy=True)
        file.write(pickled) if pickled else pickler.dump(value)
        pickle.dump(sorted(pickler.storages), file, protocol=2)
        for key in sorted(pickler.storages):
            storage = pickler.storages[key]
            file.write(struct.pack("<q", len(storage.values)) + storage.packed())
    return path
