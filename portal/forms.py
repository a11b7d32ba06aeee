"""The portal's forms with something to type or choose."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import EmailField, HiddenField, MultipleFileField, PasswordField, SubmitField
from wtforms.validators import InputRequired

from citystyle.widgets import FileInput, PasswordInput, SubmitInput, TextInput


class _Files(FileInput):
    def __init__(self) -> None:
        super().__init__(multiple=True)


class _EmailInput(TextInput):
    input_type = "email"


class SignInForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """E-mail address and password."""

    email = EmailField(
        lazy_gettext("E-mail address"),
        widget=_EmailInput(),
        validators=[InputRequired(lazy_gettext("Type your e-mail address."))],
    )
    password = PasswordField(
        lazy_gettext("Password"),
        widget=PasswordInput(),
        validators=[InputRequired(lazy_gettext("Type your password."))],
    )
    next = HiddenField()
    submit = SubmitField(lazy_gettext("Sign in"), widget=SubmitInput())


class UploadForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """One or more PDFs."""

    files = MultipleFileField(lazy_gettext("Choose the PDF files"), widget=_Files())
    submit = SubmitField(lazy_gettext("Upload the files"), widget=SubmitInput())

    def refuse(self, message: str) -> None:
        """Say something of what was chosen."""
        field: Any = self.files
        field.errors = [*field.errors, message]
