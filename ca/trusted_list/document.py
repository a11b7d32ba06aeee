"""The list as an XML document: each element in the order of the schema (TS 119 612 §5, annex C)."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from ca.trusted_list import uris
from ca.trusted_list.content import (
    ENGLISH,
    HISTORY_PERIOD,
    VERSION,
    Address,
    Provider,
    Qualification,
    Scheme,
    Service,
    Status,
    Texts,
    TrustedList,
)

Element = Any  # lxml has no types of its own

_NAMESPACES: Final = {None: uris.LIST_NAMESPACE, "q": uris.QUALIFICATIONS_NAMESPACE, "xades": uris.XADES_NAMESPACE}
_LANGUAGE: Final = f"{{{uris.XML_NAMESPACE}}}lang"


def build(content: TrustedList) -> Element:
    """Return the root element of a list, not signed yet."""
    root = etree.Element(f"{{{uris.LIST_NAMESPACE}}}TrustServiceStatusList", nsmap=_NAMESPACES)
    root.set("Id", "trusted-list")
    root.set("TSLTag", uris.TAG)
    _scheme(_child(root, "SchemeInformation"), content, content.scheme)
    provider = _child(_child(root, "TrustServiceProviderList"), "TrustServiceProvider")
    _provider(_child(provider, "TSPInformation"), content.provider)
    services = _child(provider, "TSPServices")
    for service in content.services:
        _service(_child(services, "TSPService"), service)
    return root


def instant_text(instant: datetime) -> str:
    """Return an instant as §5.1.3 wants it: UTC, whole seconds, Z."""
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def _scheme(parent: Element, content: TrustedList, scheme: Scheme) -> None:
    _child(parent, "TSLVersionIdentifier", str(VERSION))
    _child(parent, "TSLSequenceNumber", str(content.number))
    _child(parent, "TSLType", uris.LIST_TYPE)
    _texts(_child(parent, "SchemeOperatorName"), "Name", scheme.operator)
    _address(_child(parent, "SchemeOperatorAddress"), scheme.address)
    _texts(_child(parent, "SchemeName"), "Name", scheme.name)
    _texts(_child(parent, "SchemeInformationURI"), "URI", scheme.information)
    _child(parent, "StatusDeterminationApproach", uris.STATUS_DETERMINATION)
    rules = _child(parent, "SchemeTypeCommunityRules")
    for rule in scheme.rules:
        _texts(rules, "URI", {ENGLISH: rule})
    _child(parent, "SchemeTerritory", scheme.territory)
    _texts(_child(parent, "PolicyOrLegalNotice"), "TSLLegalNotice", scheme.notice)
    _child(parent, "HistoricalInformationPeriod", str(HISTORY_PERIOD))
    _child(parent, "ListIssueDateTime", instant_text(content.issued_at))
    _child(_child(parent, "NextUpdate"), "dateTime", instant_text(content.next_update))
    _child(_child(parent, "DistributionPoints"), "URI", scheme.location)


def _provider(parent: Element, provider: Provider) -> None:
    _texts(_child(parent, "TSPName"), "Name", {ENGLISH: provider.name})
    _texts(_child(parent, "TSPTradeName"), "Name", {ENGLISH: provider.trade_name})
    _address(_child(parent, "TSPAddress"), provider.address)
    _texts(_child(parent, "TSPInformationURI"), "URI", provider.information)


def _service(parent: Element, service: Service) -> None:
    information = _child(parent, "ServiceInformation")
    _known_as(information, service, service.status)
    points = _child(information, "ServiceSupplyPoints")
    for kind, url in service.supply_points:
        _child(points, "ServiceSupplyPoint", url).set("type", kind)
    _extensions(information, service)
    if service.history:
        history = _child(parent, "ServiceHistory")
        for status in service.history:
            instance = _child(history, "ServiceHistoryInstance")
            _known_as(instance, service, status)
            _extensions(instance, service)


def _known_as(parent: Element, service: Service, status: Status) -> None:
    _child(parent, "ServiceTypeIdentifier", service.kind)
    name = service.certificate.subject.get_attributes_for_oid(x509.oid.NameOID.COMMON_NAME)[0].value
    _texts(_child(parent, "ServiceName"), "Name", {ENGLISH: str(name)})
    _identity(_child(parent, "ServiceDigitalIdentity"), service.certificate)
    _child(parent, "ServiceStatus", status.uri)
    _child(parent, "StatusStartingTime", instant_text(status.since))


def _identity(parent: Element, certificate: x509.Certificate) -> None:
    key_identifier = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    _child(_child(parent, "DigitalId"), "X509Certificate", base64(certificate.public_bytes(Encoding.DER)))
    _child(_child(parent, "DigitalId"), "X509SubjectName", certificate.subject.rfc4514_string())
    _child(_child(parent, "DigitalId"), "X509SKI", base64(key_identifier))


def _extensions(parent: Element, service: Service) -> None:
    if service.purpose is None and service.qualification is None and service.expired_since is None:
        return
    extensions = _child(parent, "ServiceInformationExtensions")
    if service.expired_since is not None:
        expired = _extension(extensions, critical=False)
        _child(expired, "ExpiredCertsRevocationInfo", instant_text(service.expired_since))
    if service.qualification is not None:
        _qualification(_extension(extensions, critical=True), service.qualification)
    if service.purpose is not None:
        information = _child(_extension(extensions, critical=True), "AdditionalServiceInformation")
        _texts(information, "URI", {ENGLISH: service.purpose})


def _extension(parent: Element, *, critical: bool) -> Element:
    extension = _child(parent, "Extension")
    extension.set("Critical", str(critical).lower())
    return extension


def _qualification(parent: Element, qualification: Qualification) -> None:
    element = _qualifying(_qualifying(parent, "Qualifications"), "QualificationElement")
    _qualifying(_qualifying(element, "Qualifiers"), "Qualifier").set("uri", qualification.qualifier)
    criteria = _qualifying(element, "CriteriaList")
    criteria.set("assert", "all")
    bit = _qualifying(_qualifying(criteria, "KeyUsage"), "KeyUsageBit", "true")
    bit.set("name", "nonRepudiation")
    policies = _qualifying(criteria, "PolicySet")
    for policy in qualification.policies:
        identifier = _qualifying(policies, "PolicyIdentifier")
        _child(identifier, "Identifier", policy, uris.XADES_NAMESPACE)


def _address(parent: Element, address: Address) -> None:
    postal = _child(_child(parent, "PostalAddresses"), "PostalAddress")
    postal.set(_LANGUAGE, ENGLISH)
    _child(postal, "StreetAddress", address.street)
    _child(postal, "Locality", address.locality)
    _child(postal, "PostalCode", address.postal_code)
    _child(postal, "CountryName", address.country)
    electronic = _child(parent, "ElectronicAddress")
    for address_url in (address.email, address.website):
        _texts(electronic, "URI", {ENGLISH: address_url})


def _texts(parent: Element, name: str, texts: Texts) -> None:
    for language, text in texts.items():
        _child(parent, name, text).set(_LANGUAGE, language)


def _qualifying(parent: Element, name: str, text: str | None = None) -> Element:
    return _child(parent, name, text, uris.QUALIFICATIONS_NAMESPACE)


def _child(parent: Element, name: str, text: str | None = None, namespace: str = uris.LIST_NAMESPACE) -> Element:
    element = etree.SubElement(parent, f"{{{namespace}}}{name}")
    element.text = text
    return element


def base64(data: bytes) -> str:
    """Return base64 without line breaks."""
    return b64encode(data).decode()


def canonical(element: Element) -> bytes:
    """Return an element in exclusive canonical form, without comments."""
    data: bytes = etree.tostring(element, method="c14n", exclusive=True, with_comments=False)
    return data


def serialised(root: Element) -> bytes:
    """Return the document, UTF-8, every byte of it as it was signed: nothing is indented."""
    data: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    return data
