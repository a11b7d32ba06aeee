"""The words of TS 119 612: URIs that say what a list, a scheme, a service and its status are, each with its clause."""

from __future__ import annotations

from typing import Final

_TRUST_SERVICES: Final = "http://uri.etsi.org/TrstSvc"
_TRUSTED_LIST: Final = f"{_TRUST_SERVICES}/TrustedList"
_SERVICE_INFO: Final = f"{_TRUSTED_LIST}/SvcInfoExt"

# The list and its scheme
TAG: Final = "http://uri.etsi.org/19612/TSLTag"  # §5.2.1
LIST_TYPE: Final = f"{_TRUSTED_LIST}/TSLType/EUgeneric"  # §5.3.3: read by validators as a Member State's list is
STATUS_DETERMINATION: Final = f"{_TRUSTED_LIST}/StatusDetn/EUappropriate"  # §5.3.8
COMMON_RULES: Final = f"{_TRUSTED_LIST}/schemerules/EUcommon"  # §5.3.9
TERRITORY_RULES: Final = f"{_TRUSTED_LIST}/schemerules/{{}}"  # §5.3.9, country

# Types of services, §5.5.1
QUALIFIED_CERTIFICATES: Final = f"{_TRUST_SERVICES}/Svctype/CA/QC"
QUALIFIED_OCSP: Final = f"{_TRUST_SERVICES}/Svctype/Certstatus/OCSP/QC"
QUALIFIED_CRL: Final = f"{_TRUST_SERVICES}/Svctype/Certstatus/CRL/QC"
QUALIFIED_TIME_STAMPS: Final = f"{_TRUST_SERVICES}/Svctype/TSA/QTST"

# Statuses, §5.5.4
GRANTED: Final = f"{_TRUSTED_LIST}/Svcstatus/granted"
WITHDRAWN: Final = f"{_TRUSTED_LIST}/Svcstatus/withdrawn"

# Extensions of a service, §5.5.9
FOR_SIGNATURES: Final = f"{_SERVICE_INFO}/ForeSignatures"  # §5.5.9.4 additionalServiceInformation
MANAGED_ON_BEHALF: Final = f"{_SERVICE_INFO}/QCQSCDManagedOnBehalf"  # §5.5.9.2.3: keys that the provider keeps

# Namespaces, annex C
LIST_NAMESPACE: Final = "http://uri.etsi.org/02231/v2#"
QUALIFICATIONS_NAMESPACE: Final = "http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#"
XADES_NAMESPACE: Final = "http://uri.etsi.org/01903/v1.3.2#"
SIGNATURE_NAMESPACE: Final = "http://www.w3.org/2000/09/xmldsig#"
XML_NAMESPACE: Final = "http://www.w3.org/XML/1998/namespace"
