"""Signing in: the form, and nothing about sessions (Django) or lockout (django-axes)."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.decorators import method_decorator

from dashboards.forms import style
from fleet.access import people


class SignInForm(AuthenticationForm):
    """Django's form in the house style."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        style(self)


@method_decorator(login_not_required, name="dispatch")
class SignIn(LoginView):
    """Sign-in page; people who are signed in already go on to the overview. Before anybody exists: set-up."""

    form_class = SignInForm
    redirect_authenticated_user = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Send the very first visitor to the set-up page."""
        if people.is_empty():
            return redirect("set-up")
        return super().dispatch(request, *args, **kwargs)
