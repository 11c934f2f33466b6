"""Packages of conda's that the Python package index has too, for machines without conda.

Only what is known to be the same is taken from there: another package could have the same name.
"""

from __future__ import annotations

import re
from typing import Sequence

from .prepared import EnvironmentFailed
from .wanted import CondaSpec

# The same name and the same package.
_SAME = frozenset(
    """
    absl-py accelerate aiohttp albumentations altair arrow attrs azure-core azure-identity azure-storage-blob
    beautifulsoup4 black bokeh boto3 botocore bottleneck catboost category_encoders certifi cffi chardet click
    cloudpickle colorama coverage cryptography cvxpy cycler cython dask dataclasses datasets debugpy decorator dill
    distributed docker einops faiss-cpu fastapi fastparquet fastai filelock flake8 flask fsspec gensim geopandas gitpython
    google-cloud-storage graphviz grpcio gunicorn h5py holoviews hyperopt idna imageio imbalanced-learn importlib-metadata ipykernel
    ipython ipywidgets isort jax jaxlib jinja2 joblib jsonschema jupyter jupyterlab keras kiwisolver libsvm lightgbm
    lime llvmlite loguru lxml markupsafe matplotlib mkl mlflow mlflow-skinny mlxtend mpi4py mypy
    nbconvert nbformat networkx nltk nose notebook numba numexpr numpy onnx onnxruntime openpyxl optuna orjson
    packaging pandas papermill param paramiko partd patsy pillow plotly pmdarima polars prompt-toolkit prophet protobuf psutil
    psycopg2 py4j pyarrow pycparser pycrypto pydantic pydot pygments pylint pymongo pymysql pyodbc pyopenssl pyparsing
    pyspark pytest python-dateutil python-dotenv pytorch-lightning pytz pywavelets pyyaml pyzmq ray regex requests rich
    ruamel.yaml s3fs sacremoses scikit-image scikit-learn scikit-optimize scipy seaborn sentencepiece setuptools shap
    shapely simplejson six spacy sqlalchemy starlette statsmodels sympy tabulate tenacity tensorboard tensorboardx
    tensorflow tensorflow-cpu tensorflow-datasets tensorflow-hub tensorflow-probability textblob threadpoolctl thrift timm tokenizers
    toml toolz torchaudio torchmetrics torchtext torchvision tornado tqdm traitlets transformers treeinterpreter
    typing_extensions ujson umap-learn urllib3 uvicorn wandb werkzeug wheel wordcloud wrapt xarray xgboost xlrd
    xlsxwriter zstandard
    """.split()
)
_OTHER = {
    "dask-core": "dask",
    "matplotlib-base": "matplotlib",
    "msgpack-python": "msgpack",
    "numpy-base": "numpy",
    "opencv": "opencv-python-headless",
    "py-opencv": "opencv-python-headless",
    "py-xgboost": "xgboost",
    "pytables": "tables",
    "python-graphviz": "graphviz",
    "pytorch": "torch",
    "pytorch-cpu": "torch",
    "pytorch-gpu": "torch",
    "ray-core": "ray",
    "ray-default": "ray[default]",
    "ray-tune": "ray[tune]",
    "tensorflow-base": "tensorflow",
    "tensorflow-gpu": "tensorflow",
    "xgboost-cpu": "xgboost",
}
# Parts of conda's way of building that the index's packages bring themselves or do without.
_NEEDLESS = frozenset(
    """
    blas ca-certificates cpuonly cudatoolkit cudnn intel-openmp libblas libgcc-ng libgomp libstdcxx-ng nccl ncurses
    nomkl openblas openssl pytorch-cuda pytorch-mutex readline sqlite tk xz zlib _libgcc_mutex _openmp_mutex
    """.split()
)
_PART = re.compile(r"(===?|=|!=|~=|>=|<=|>|<)?([A-Za-z0-9.*+!_-]+)")


def requirements(specs: Sequence[CondaSpec]) -> tuple[list[str], list[str]]:
    """Lines of a requirements file for packages of conda's, and the names of those that are not needed.

    Raises: EnvironmentFailed, naming those that are not known.
    """
    unknown = [one for one in specs if one.name not in _NEEDLESS and _index_name(one.name) is None]
    if unknown:
        raise EnvironmentFailed(
            f"This machine has no conda, and {', '.join(one.text for one in unknown)} cannot be taken from the Python "
            "package index instead. Move it to pip_packages where it is a Python package under that name, install "
            "micromamba or conda on the machine, or use user_managed_dependencies with an environment that has it."
        )
    needed = [one for one in specs if one.name not in _NEEDLESS]
    return [f"{_index_name(one.name)}{version(one)}" for one in needed], [
        one.name for one in specs if one.name in _NEEDLESS
    ]


def version(spec: CondaSpec) -> str:
    """Conda's way of writing a version, as pip writes it: `=1.2` is `==1.2.*`, `1.2|1.3` cannot be said.

    Raises: EnvironmentFailed.
    """
    if spec.version in ("", "*"):
        return ""
    parts = [_PART.fullmatch(part) for part in spec.version.split(",")]
    if None in parts:
        raise EnvironmentFailed(
            f"The version of {spec.text!r} cannot be said to the Python package index. Write it as =1.2, ==1.2.3 or "
            ">=1.2,<2."
        )
    return ",".join(_pip_version(part.group(1) or "==", part.group(2)) for part in parts if part is not None)


def _pip_version(relation: str, number: str) -> str:
    if relation == "=":
        return f"=={number}" if number.endswith("*") else f"=={number}.*"
    if number.endswith("*") and relation not in ("==", "!="):
        number = number.rstrip(".*")
    return f"{relation}{number}"


def _index_name(name: str) -> str | None:
    if name in _OTHER:
        return _OTHER[name]
    if name in _SAME:
        return name
    plain = name.replace("_", "-")
    return plain if plain in _SAME else None
