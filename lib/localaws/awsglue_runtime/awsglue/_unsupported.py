"""Names of awsglue that Glue's boilerplate imports, and that say so when they are used."""

from awsglue import UNSUPPORTED


class _Refusing(type):
    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise NotImplementedError(UNSUPPORTED.format(f"{cls.__module__}.{cls.__name__}.{name}"))

    def __call__(cls, *args, **kwargs):
        raise NotImplementedError(UNSUPPORTED.format(f"{cls.__module__}.{cls.__name__}"))


def refusing(module, name):
    """Make a class that can be imported and not be used."""
    return _Refusing(name, (), {"__module__": module})
