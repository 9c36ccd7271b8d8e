"""Refusals as moto serialises them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from moto.ec2.exceptions import EC2ClientError

from sandbox.local_aws.refusals import RefusedError


@contextmanager
def ec2_errors() -> Generator[None]:
    """Turns a refusal into an error in EC2's XML form."""
    try:
        yield
    except RefusedError as error:
        raise EC2ClientError(error.code, str(error)) from error
