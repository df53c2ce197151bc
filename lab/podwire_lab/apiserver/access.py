"""Who may do what: users by token or client certificate, and the reviews in which they ask what they may."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from podwire_lab.apiserver.faults import Faults
from podwire_lab.apiserver.kinds import Resource

Object = dict[str, Any]

READ_VERBS = frozenset({"get", "list", "watch"})
_REVIEWS = frozenset({"selfsubjectaccessreviews", "selfsubjectrulesreviews"})
_SECRET = frozenset({"secrets"})


@dataclass(frozen=True)
class User:
    """A user: either all-powerful, or one who may read everything but Secrets."""

    name: str
    groups: tuple[str, ...] = ()
    is_admin: bool = False
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)

    def may(self, verb: str, group: str, plural: str) -> bool:
        """True where the user's roles allow it."""
        if self.is_admin:
            return True
        if plural in _REVIEWS:
            return verb == "create"
        return verb in READ_VERBS and not (plural in _SECRET and not group)


@dataclass(frozen=True)
class Users:
    """The two accounts of the lab: the one podwire is given, and the administrator's."""

    reader: User = field(default_factory=lambda: User("podwire", ("system:authenticated",)))
    admin: User = field(default_factory=lambda: User("kubernetes-admin", ("system:masters",), is_admin=True))

    def of(self, authorization: str, certificate: Mapping[str, Any] | None) -> User | None:
        """The user of a request, by bearer token or by the common name of its (already verified) certificate."""
        kind, _, token = authorization.partition(" ")
        if kind.lower() == "bearer":
            for user in (self.reader, self.admin):
                if hmac.compare_digest(token.strip().encode(), user.token.encode()):
                    return user
            return None
        name = common_name(certificate)
        return next((user for user in (self.reader, self.admin) if user.name == name), None)


def common_name(certificate: Mapping[str, Any] | None) -> str:
    """The subject's common name in what `ssl` says of a peer's certificate; empty without one."""
    for entry in (certificate or {}).get("subject", ()):
        for name, value in entry:
            if name == "commonName":
                return str(value)
    return ""


def review(user: User, faults: Faults, resource: Resource, body: Object) -> Object:
    """Answers a SelfSubjectAccessReview or a SelfSubjectRulesReview."""
    answer = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": {}, "spec": body.get("spec", {})}
    if resource.plural == "selfsubjectrulesreviews":
        verbs = ["*"] if user.is_admin else sorted(READ_VERBS)
        answer["status"] = {
            "resourceRules": [{"verbs": verbs, "apiGroups": ["*"], "resources": ["*"]}],
            "nonResourceRules": [],
            "incomplete": not user.is_admin,
        }
        return answer
    asked = body.get("spec", {}).get("resourceAttributes")
    if asked is None:  # non-resource paths such as /version
        answer["status"] = {"allowed": True}
        return answer
    verb, group, plural = asked.get("verb", ""), asked.get("group", ""), asked.get("resource", "")
    named = f"{plural}.{group}" if group else plural
    answer["status"] = {"allowed": user.may(verb, group, plural) and not faults.denies(verb, named)}
    return answer
