"""Signing in and out."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from citystyle.formats import clock
from citystyle.language import asked_to_switch
from citystyle.words import gettext as _
from portal.accounts import Account, Accounts, TooManyTries, WrongPassword
from portal.entropy import Entropy
from portal.forms import SignInForm
from portal.pages.guard import begin_session, end_session, is_signed_in, safe_path


def signing_in(accounts: Accounts, entropy: Entropy) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("signing_in", __name__)

    @pages.get("/sign-in")
    def show() -> ResponseReturnValue:
        if is_signed_in():
            return redirect(url_for("filings.show"), 303)
        return _page(SignInForm(next=request.args.get("next", "")))

    @pages.post("/sign-in")
    def sign_in() -> ResponseReturnValue:
        form = SignInForm()
        if asked_to_switch() or not form.validate():
            return _page(form)
        account = _signed_in(form, accounts)
        if account is None:
            return _page(form)
        begin_session(account, entropy)
        return redirect(safe_path(form.next.data or "/"), 303)

    @pages.post("/sign-out")
    def sign_out() -> ResponseReturnValue:
        end_session()
        flash(_("You signed out."), "success")
        return redirect(url_for("signing_in.show"), 303)

    return pages


def _signed_in(form: SignInForm, accounts: Accounts) -> Account | None:
    """Return the account, or None after saying in the form why not."""
    try:
        return accounts.sign_in(form.email.data, form.password.data)
    except WrongPassword:
        message = _("The e-mail address or password is not correct.")
    except TooManyTries as error:
        message = _("Too many tries. Try again after %(time)s.", time=clock(error.until))
    form.email.errors = [*form.email.errors, message]
    return None


def _page(form: SignInForm) -> str:
    return render_template("portal/sign_in.html", form=form)
