"""Compiles the wire kernel where there is a C compiler; without one the plain-Python reference serves instead."""

import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

KERNEL = Path("pipeline/wire/kernel")

extensions = cythonize(
    [
        Extension(
            f"pipeline.wire.kernel.{source.stem}",
            [str(source)],
            depends=[str(header) for header in sorted((*KERNEL.glob("*.h"), *KERNEL.glob("*.pxd")))],
            include_dirs=[str(KERNEL)],
            extra_compile_args=["-O3", "-g0", "-fno-strict-aliasing"],
        )
        for source in sorted(KERNEL.glob("*.pyx"))
    ],
    compiler_directives={
        "language_level": 3,
        "boundscheck": False,
        "wraparound": False,
        "cdivision": True,
        "initializedcheck": False,
    },
    build_dir="build/cython",
)
for extension in extensions:
    extension.optional = True  # a machine without a C compiler still gets a sluice that works; cythonize forgets the argument

setup(ext_modules=extensions, options={"build_ext": {"parallel": os.cpu_count()}})
