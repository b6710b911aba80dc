"""What STS answers."""

from sluicegate.testing import ScriptedResponse

ROLE = "arn:aws:iam::123456789012:role/gateway"
WALL = 1_790_000_000.0
"""The time of the tests: 2026-09-21T14:13:20Z."""


def keys_xml(number: int = 1, ends: str = "2026-09-21T15:13:20Z") -> bytes:
    """Return an answer with keys."""
    return f"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <AssumedRoleUser><AssumedRoleId>AROA1:sluicegate</AssumedRoleId><Arn>arn:aws:sts::1:assumed-role/x</Arn></AssumedRoleUser>
    <Credentials>
      <AccessKeyId>ASIATEMPORARY{number:04}</AccessKeyId>
      <SecretAccessKey>temporary+secret/{number}</SecretAccessKey>
      <SessionToken>temporary-token-{number}</SessionToken>
      <Expiration>{ends}</Expiration>
    </Credentials>
  </AssumeRoleResult>
  <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>
</AssumeRoleResponse>""".encode()


def error_xml(code: str) -> bytes:
    """Return an error."""
    return f"""<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error><Type>Sender</Type><Code>{code}</Code><Message>User arn:aws:iam::9:user/me may not</Message></Error>
  <RequestId>r</RequestId>
</ErrorResponse>""".encode()


def granted(number: int = 1, *, ends: str = "2026-09-21T15:13:20Z", wait: float = 0.0) -> ScriptedResponse:
    """Return a response with keys."""
    return ScriptedResponse((0.0, keys_xml(number, ends)), wait=wait)
