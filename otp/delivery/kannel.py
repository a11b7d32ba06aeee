"""A gateway that takes messages as Kannel's `sendsms` does: the shape that most HTTP gateways have in common.

Facts, from running Kannel 1.4.5 (docs/sms.md): 202 with `0:` is accepted; 202 with `3:` is queued while the message centre
is away, and arrives when that comes back; a wrong password is 403 with the words below, and 403 means other things too.
Password and code go in the head and the body of a POST, or in the query of a GET where a gateway knows nothing else.
What the gateway answers is compared and then dropped: its words are in no log and on no page (attack Y4).
"""

from __future__ import annotations

import math
import ssl
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import quote, urlencode

from core.secret import Secret
from otp.delivery.exchange import Answer, NoAnswer, NotReached, Request, exchange
from otp.delivery.ports import MessageQueued, MessageRefused, OutcomeUnclear, Sms
from otp.delivery.report_addresses import ReportAddresses

_ACCEPTED: Final = b"0:"
_QUEUED: Final = b"3:"
_NOT_OURS: Final = b"Authorization failed"
_REPORTS: Final = 1 | 2 | 16  # delivered, failed, refused by the message centre
_GSM_7: Final = 0
_HEADERS: Final = {
    "username": "X-Kannel-Username",
    "password": "X-Kannel-Password",
    "smsc": "X-Kannel-SMSC",
    "from": "X-Kannel-From",
    "to": "X-Kannel-To",
    "coding": "X-Kannel-Coding",
    "validity": "X-Kannel-Validity",
    "dlr-mask": "X-Kannel-DLR-Mask",
    "dlr-url": "X-Kannel-DLR-Url",
}


@dataclass(frozen=True, slots=True)
class Access:
    """Where a gateway is and how it knows us."""

    url: str
    username: str
    password: Secret
    smsc: str  # empty: the gateway chooses a message centre
    posts: bool  # false: everything goes into the query of a GET
    seconds: float
    tls: ssl.SSLContext | None = None


class KannelGateway:
    """One gateway. `reports`: how it is told where to report deliveries; None: it is not."""

    def __init__(self, name: str, access: Access, reports: ReportAddresses | None) -> None:
        self.name: Final = name
        self._access = access
        self._reports = reports

    def send(self, sms: Sms) -> None:
        """Hand the message over: asked once, never again by itself.

        Raises:
            MessageRefused, MessageQueued, OutcomeUnclear: it was not accepted.
        """
        parameters = {
            "from": sms.sender,
            "to": sms.to,
            "coding": str(_GSM_7),
            "validity": str(
                math.ceil((sms.expires_at - sms.sent_at) / timedelta(minutes=1))
            ),  # it arrives late or never
        }
        if self._reports is not None:
            address = self._reports.of(self.name, sms.reference, sms.sent_at)
            parameters |= {"dlr-mask": str(_REPORTS), "dlr-url": f"{address}?state=%d"}
        self._read(self._ask(parameters, sms.text))

    def check(self) -> None:
        """Ask for a message to nobody: a gateway that knows us says that the receiver is missing.

        Raises:
            MessageRefused, OutcomeUnclear: it does not answer, does not know us, or says something else.
        """
        answer = self._ask({}, "")
        self._check_known(answer)
        if answer.status != 400:
            raise MessageRefused(self._said(f"answers {answer.status} where sendsms says 400; is its address right?"))

    def _ask(self, parameters: dict[str, str], text: str) -> Answer:
        try:
            return exchange(self._request(parameters, text), self._access.seconds, self._access.tls)
        except NotReached as error:
            raise MessageRefused(self._said(f"cannot be reached: {error.detail}")) from error
        except NoAnswer as error:
            raise OutcomeUnclear(self._said(f"does not answer: {error.detail}")) from error

    def _request(self, parameters: dict[str, str], text: str) -> Request:
        access = self._access
        parameters = {"username": access.username, "password": access.password.reveal().decode(), **parameters}
        if access.smsc:
            parameters["smsc"] = access.smsc
        if access.posts:
            headers = [(_HEADERS[name], value) for name, value in parameters.items()]
            return Request("POST", access.url, (*headers, ("Content-Type", "text/plain; charset=UTF-8")), text.encode())
        query = urlencode({**parameters, "charset": "UTF-8", **({"text": text} if text else {})}, quote_via=quote)
        return Request("GET", f"{access.url}?{query}")

    def _read(self, answer: Answer) -> None:
        self._check_known(answer)
        said = answer.body[:2]
        if 200 <= answer.status < 300:
            if said == _ACCEPTED:
                return
            if said == _QUEUED:
                raise MessageQueued(self._said("has queued the message: its message centre is away"))
            raise OutcomeUnclear(self._said(f"answers {answer.status} and something that sendsms does not say"))
        if answer.status < 500 or answer.status == 503:
            raise MessageRefused(self._said(f"refuses the message: it answers {answer.status}"))
        raise OutcomeUnclear(self._said(f"fails: it answers {answer.status}"))

    def _check_known(self, answer: Answer) -> None:
        if answer.status == 401 or (answer.status == 403 and answer.body.startswith(_NOT_OURS)):
            raise MessageRefused(self._said("refuses our user name or password"))

    def _said(self, what: str) -> str:
        return f"the SMS gateway {self.name} {what}"
