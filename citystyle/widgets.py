"""WTForms widgets in GOV.UK markup, with the English hidden in their macros and scripts translated.

Use these, not those of `govuk_frontend_wtf`.
"""

from __future__ import annotations

from typing import Any

from govuk_frontend_wtf import wtforms_widgets as gov
from markupsafe import Markup

from citystyle.words import gettext as _
from citystyle.words import ngettext


class _Translated:
    """All of a field's errors, with their hidden prefix in the page's language."""

    def map_gov_params(self, field: Any, **kwargs: Any) -> dict[str, Any]:
        params: dict[str, Any] = super().map_gov_params(field, **kwargs)  # type: ignore[misc]  # a mix-in before a Gov* class, which has it
        if "errorMessage" in params:
            message = Markup("<br>").join(field.errors)  # joining escapes each
            params["errorMessage"] = {"html": message, "visuallyHiddenText": _("Error")}
        return params


class TextInput(_Translated, gov.GovTextInput):  # type: ignore[misc]  # govuk_frontend_wtf has no types
    """A line of text."""


class CheckboxInput(_Translated, gov.GovCheckboxInput):  # type: ignore[misc]  # govuk_frontend_wtf has no types
    """One box."""


class RadioInput(_Translated, gov.GovRadioInput):  # type: ignore[misc]  # govuk_frontend_wtf has no types
    """One of several."""


class PasswordInput(_Translated, gov.GovPasswordInput):  # type: ignore[misc]  # govuk_frontend_wtf has no types
    """A password, with a button that shows it. Never filled in again by us."""

    def map_gov_params(self, field: Any, **kwargs: Any) -> dict[str, Any]:
        """Add the texts of the show button."""
        params = super().map_gov_params(field, **kwargs)
        params.pop("value", None)
        texts = {
            "showPasswordText": _("Show"),
            "hidePasswordText": _("Hide"),
            "showPasswordAriaLabelText": _("Show password"),
            "hidePasswordAriaLabelText": _("Hide password"),
            "passwordShownAnnouncementText": _("Your password is visible"),
            "passwordHiddenAnnouncementText": _("Your password is hidden"),
        }
        return texts | params


class FileInput(_Translated, gov.GovFileInput):  # type: ignore[misc]  # govuk_frontend_wtf has no types
    """One or more files, with a drop zone where there is script."""

    def map_gov_params(self, field: Any, **kwargs: Any) -> dict[str, Any]:
        """Add the texts of the drop zone."""
        params = super().map_gov_params(field, **kwargs)
        texts: dict[str, Any] = {
            "javascript": True,
            "multiple": self.multiple,
            "chooseFilesButtonText": _("Choose files") if self.multiple else _("Choose a file"),
            "dropInstructionText": _("or drop them here"),
            "noFileChosenText": _("No file chosen"),
            "enteredDropZoneText": _("Entered the drop zone"),
            "leftDropZoneText": _("Left the drop zone"),
            # Counted by the script, which knows the plural rules of the page's language but not our catalogue.
            "multipleFilesChosenText": {
                rule: ngettext("%%{count} file chosen", "%%{count} files chosen", number)
                for rule, number in (("one", 1), ("few", 2), ("other", 20))
            },
        }
        return texts | params


class SubmitInput(_Translated, gov.GovSubmitInput):  # type: ignore[misc]  # govuk_frontend_wtf has no types
    """A form's button; a second press within a second is ignored where there is script."""

    def map_gov_params(self, field: Any, **kwargs: Any) -> dict[str, Any]:
        """Add the guard against a double press: comfort only, the truth is on the server."""
        return {"preventDoubleClick": True} | super().map_gov_params(field, **kwargs)
