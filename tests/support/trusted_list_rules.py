"""What the schema and the text of TS 119 612 v2.4.1 ask of a list, as checks of our own. The official schema is ETSI's.

`CONTENT` is the schema's content model: for each element its children in their order, `?` at most once, `+` at least
once, `*` any number, `|` one of these.
"""

from __future__ import annotations

import base64
import re
from datetime import datetime, timedelta

from lxml import etree

from ca.trusted_list import uris

TSL, SIE, DS = uris.LIST_NAMESPACE, uris.QUALIFICATIONS_NAMESPACE, uris.SIGNATURE_NAMESPACE
NS = {"t": TSL, "q": SIE, "ds": DS, "xades": uris.XADES_NAMESPACE}
LANGUAGE = f"{{{uris.XML_NAMESPACE}}}lang"

CONTENT = {
    "TrustServiceStatusList": "SchemeInformation TrustServiceProviderList? Signature?",
    "SchemeInformation": "TSLVersionIdentifier TSLSequenceNumber TSLType SchemeOperatorName SchemeOperatorAddress"
    " SchemeName SchemeInformationURI StatusDeterminationApproach SchemeTypeCommunityRules? SchemeTerritory?"
    " PolicyOrLegalNotice? HistoricalInformationPeriod PointersToOtherTSL? ListIssueDateTime NextUpdate"
    " DistributionPoints? SchemeExtensions?",
    "SchemeOperatorName": "Name+",
    "SchemeOperatorAddress": "PostalAddresses ElectronicAddress",
    "SchemeName": "Name+",
    "SchemeInformationURI": "URI+",
    "SchemeTypeCommunityRules": "URI+",
    "PolicyOrLegalNotice": "(TSLPolicy+|TSLLegalNotice+)",
    "NextUpdate": "dateTime?",
    "DistributionPoints": "URI+",
    "PostalAddresses": "PostalAddress+",
    "PostalAddress": "StreetAddress Locality StateOrProvince? PostalCode? CountryName",
    "ElectronicAddress": "URI+",
    "TrustServiceProviderList": "TrustServiceProvider+",
    "TrustServiceProvider": "TSPInformation TSPServices",
    "TSPInformation": "TSPName TSPTradeName? TSPAddress TSPInformationURI TSPInformationExtensions?",
    "TSPName": "Name+",
    "TSPTradeName": "Name+",
    "TSPAddress": "PostalAddresses ElectronicAddress",
    "TSPInformationURI": "URI+",
    "TSPServices": "TSPService+",
    "TSPService": "ServiceInformation ServiceHistory?",
    "ServiceInformation": "ServiceTypeIdentifier ServiceName ServiceDigitalIdentity ServiceStatus StatusStartingTime"
    " SchemeServiceDefinitionURI? ServiceSupplyPoints? TSPServiceDefinitionURI? ServiceInformationExtensions?",
    "ServiceName": "Name+",
    "ServiceDigitalIdentity": "DigitalId*",
    "DigitalId": "(X509Certificate|X509SubjectName|KeyValue|X509SKI|Other)",
    "ServiceSupplyPoints": "ServiceSupplyPoint+",
    "ServiceHistory": "ServiceHistoryInstance*",
    "ServiceHistoryInstance": "ServiceTypeIdentifier ServiceName ServiceDigitalIdentity ServiceStatus"
    " StatusStartingTime ServiceInformationExtensions?",
    "ServiceInformationExtensions": "Extension+",
    "Extension": "(ExpiredCertsRevocationInfo|Qualifications|AdditionalServiceInformation)",
    "AdditionalServiceInformation": "URI InformationValue? OtherInformation?",
    "Qualifications": "QualificationElement+",
    "QualificationElement": "Qualifiers CriteriaList",
    "Qualifiers": "Qualifier+",
    "CriteriaList": "KeyUsage* PolicySet* CriteriaList* Description? otherCriteriaList?",
    "KeyUsage": "KeyUsageBit+",
    "PolicySet": "PolicyIdentifier+",
    "PolicyIdentifier": "Identifier",
    "Qualifier": "",
}
OF_OTHER_NAMESPACES = {
    "Qualifications": SIE,
    "QualificationElement": SIE,
    "Qualifiers": SIE,
    "Qualifier": SIE,
    "CriteriaList": SIE,
    "KeyUsage": SIE,
    "KeyUsageBit": SIE,
    "PolicySet": SIE,
    "PolicyIdentifier": SIE,
    "Identifier": uris.XADES_NAMESPACE,
    "Signature": DS,
}
ATTRIBUTES = {
    "TrustServiceStatusList": {"Id", "TSLTag"},
    "Extension": {"Critical"},
    "ServiceSupplyPoint": {"type"},
    "Qualifier": {"uri"},
    "CriteriaList": {"assert"},
    "KeyUsageBit": {"name"},
}
IN_A_LANGUAGE = {"Name", "TSLLegalNotice", "PostalAddress"}
LANGUAGELESS_URIS = {"DistributionPoints"}
INSTANTS = {"ListIssueDateTime", "dateTime", "StatusStartingTime", "ExpiredCertsRevocationInfo"}
BASE64 = {"X509Certificate", "X509SKI"}
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def complaints(document: bytes) -> list[str]:
    """Return what is wrong with a list; empty when nothing is."""
    root = etree.fromstring(document)
    found = [f"root {root.tag}"] if root.tag != f"{{{TSL}}}TrustServiceStatusList" else []
    for element in root.iter(etree.Element):
        if not any(each.tag == f"{{{DS}}}Signature" for each in (element, *element.iterancestors())):
            found += _element(element)
    return found + _rules(root)


def _element(element) -> list[str]:
    name = etree.QName(element)
    found = []
    if name.namespace != OF_OTHER_NAMESPACES.get(name.localname, TSL):
        found.append(f"{name.localname}: namespace {name.namespace}")
    if name.localname in CONTENT:
        children = "".join(f"{etree.QName(child).localname} " for child in element)
        if not _model(CONTENT[name.localname]).fullmatch(children):
            found.append(f"{name.localname}: {children.strip() or 'empty'}")
        if (element.text or "").strip() or any((child.tail or "").strip() for child in element):
            found.append(f"{name.localname}: text between elements")
    else:
        found += _leaf(element, name.localname)
    return found + _attributes(element, name.localname)


def _leaf(element, name: str) -> list[str]:
    text = element.text or ""
    found = [f"{name}: has children"] if len(element) else []
    if not text.strip():
        found.append(f"{name}: empty")
    if name in INSTANTS and not INSTANT.fullmatch(text):
        found.append(f"{name}: {text} is no UTC instant (§5.1.3)")
    if name in BASE64:
        base64.b64decode(text, validate=True)
    return found


def _attributes(element, name: str) -> list[str]:
    wanted = set(ATTRIBUTES.get(name, ()))
    in_a_language = name in IN_A_LANGUAGE or (
        name == "URI" and etree.QName(element.getparent()).localname not in LANGUAGELESS_URIS
    )
    if in_a_language:
        wanted.add(LANGUAGE)
    return [f"{name}: attributes {sorted(element.attrib)}"] if set(element.attrib) != wanted else []


def _rules(root) -> list[str]:
    """Return what the text of the specification asks beyond its schema."""
    found = []

    def rule(clause: str, holds: object) -> None:
        if not holds:
            found.append(clause)

    def text(path: str) -> str:
        return root.findtext(path, "", NS)

    issued, following = (_instant(text(f".//t:{name}")) for name in ("ListIssueDateTime", "NextUpdate/t:dateTime"))
    rule("§5.2.1 tag", root.get("TSLTag") == "http://uri.etsi.org/19612/TSLTag")
    rule("§5.3.1 version", text(".//t:TSLVersionIdentifier") == "6")
    rule("§5.3.2 sequence number", int(text(".//t:TSLSequenceNumber")) >= 1)
    rule("§5.3.5.2 e-mail and website", _schemes(root, "t:SchemeInformation") == ["mailto", "https"])
    rule("§5.3.6 territory in the name", text(".//t:SchemeName/t:Name").startswith(text(".//t:SchemeTerritory") + ":"))
    rule("§5.3.10 territory", re.fullmatch("[A-Z]{2}", text(".//t:SchemeTerritory")))
    rule("§5.3.12 history", text(".//t:HistoricalInformationPeriod") == "65535")
    rule("§5.3.15 six months", issued < following <= issued + timedelta(days=183))
    for element in root.iter(f"{{{TSL}}}SchemeOperatorName", f"{{{TSL}}}SchemeName", f"{{{TSL}}}TSPName"):
        rule(f"§5.1.4 English {element.tag}", any(child.get(LANGUAGE) == "en" for child in element))
    for element in root.iterfind(".//*[@xml:lang]", {"xml": uris.XML_NAMESPACE}):
        rule("§5.1.4 lower case", element.get(LANGUAGE).islower())
    for service in root.iterfind(".//t:TSPService", NS):
        found.extend(_service(service, issued))
    return found


def _service(service, issued: datetime) -> list[str]:
    found = []
    identities = service.findall(".//t:ServiceDigitalIdentity", NS)
    names = [[etree.QName(each[0]).localname for each in identity] for identity in identities]
    if any(each != ["X509Certificate", "X509SubjectName", "X509SKI"] for each in names):
        found.append(f"§5.5.3 identity {names}")
    starts = [_instant(each.text) for each in service.iterfind(".//t:StatusStartingTime", NS)]
    if starts != sorted(starts, reverse=True) or starts[0] > issued:
        found.append(f"§5.5.10 newest first, none in the future: {starts}")
    return found


def _schemes(root, part: str) -> list[str]:
    return [each.text.split(":")[0] for each in root.iterfind(f"{part}//t:ElectronicAddress/t:URI", NS)]


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _model(content: str) -> re.Pattern[str]:
    """Return the pattern of the children's names, each followed by a space."""
    return re.compile(re.sub(r"\w+|\s+", lambda found: f"(?:{found[0]} )" if found[0].strip() else "", content))
