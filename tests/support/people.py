"""The accounts and users that the servers under test declare."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class User:
    """A user in an account: its names and secrets on all faces."""

    account: str
    name: str
    password: str
    roles: tuple[str, ...]

    @property
    def tempauth(self) -> str:
        return f"{self.account}:{self.name}"

    @property
    def access_key(self) -> str:
        """The S3 access key. Swift's own functional tests name it in this form."""
        return self.tempauth

    @property
    def secret_key(self) -> str:
        return f"{self.password}-secret"


OWNER = User("test", "tester", "testing", ("admin",))
"""Owns the account `test`: the caller of most tests."""
OTHER = User("test2", "tester2", "testing2", ("admin",))
"""Owns another account."""
PLAIN = User("test", "tester3", "testing3", ("reader",))
"""A user of the account `test` without any rights."""

EVERYONE = (OWNER, OTHER, PLAIN)


def toml() -> str:
    """The accounts, in the form of the configuration file."""
    lines: list[str] = []
    for account in sorted({user.account for user in EVERYONE}):
        lines += [
            "[[accounts]]",
            f'id = "{account}"',
            f'name = "{account}"',
            f'display_name = "{account} display"',
            f'email = "{account}@example.com"',
        ]
        for user in EVERYONE:
            if user.account == account:
                roles = ", ".join(f'"{role}"' for role in user.roles)
                lines += [
                    "[[accounts.users]]",
                    f'id = "{user.account}-{user.name}"',
                    f'name = "{user.name}"',
                    f'password = "{user.password}"',
                    f'tempauth = "{user.tempauth}"',
                    f"roles = [{roles}]",
                    f'access_keys = [{{ access = "{user.access_key}", secret = "{user.secret_key}" }}]',
                ]
    return "\n".join(lines) + "\n"
