"""`user`: who may open the console over SSH, and what they may do there."""

from __future__ import annotations

from podwire.catalog.nouns import Column, Noun, Parameter, Scope, Verb
from podwire.catalog.types import LIST, PASSWORD, PASSWORD_HASH, SSH_KEYS, STRING, USER_NAME, YES_NO, choice

ROLES = ("network-admin", "read-only")
"""What a user may do: everything, or only show."""

_ROLE = choice(*ROLES)
_NAME_HELP = "The name of the user."
_ROLE_HELP = "network-admin may do everything, read-only may only show."
_LOGIN_HELP = "The password, 8 characters or more; asked for on a terminal where no way to log in is given."
_HASH_HELP = "The password's hash, as running-config-show prints it."
_KEYS_HELP = "The public keys, as in authorized_keys, separated by commas."


def _options(*, is_new: bool) -> tuple[Parameter, ...]:
    return (
        Parameter("name", USER_NAME, _NAME_HELP, is_required=True),
        Parameter("role", _ROLE, _ROLE_HELP, is_required=is_new),
        Parameter("password", PASSWORD, _LOGIN_HELP),
        Parameter("password-hash", PASSWORD_HASH, _HASH_HELP),
        Parameter("ssh-key", SSH_KEYS, _KEYS_HELP),
    )


USER = Noun(
    name="user",
    plural="users",
    title="Users",
    show_help="Display the users of the console over SSH.",
    scope=Scope.FABRIC,
    columns=(
        Column("name", STRING, _NAME_HELP, is_default=True, is_key=True),
        Column("role", _ROLE, _ROLE_HELP, is_default=True),
        Column("password", YES_NO, "Whether the user may log in with a password.", is_default=True),
        Column("ssh-key", LIST, "The fingerprints of the public keys.", is_default=True),
    ),
    verbs=(
        Verb("create", "Create a user.", _options(is_new=True)),
        Verb("modify", "Modify a user.", _options(is_new=False), needs_one=True),
        Verb("delete", "Delete a user.", (Parameter("name", USER_NAME, _NAME_HELP, is_required=True),)),
    ),
    examples=(
        "user-create name eve role read-only password 'correct horse'",
        "user-modify name eve role network-admin",
        "user-show",
        "user-delete name eve",
    ),
)
