"""Signing in: the form, and nothing about sessions (Django) or lockout (django-axes)."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.utils.decorators import method_decorator

from dashboards.forms import style


class SignInForm(AuthenticationForm):
    """Django's form in the house style."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        style(self)


@method_decorator(login_not_required, name="dispatch")
class SignIn(LoginView):
    """Sign-in page; people who are signed in already go on to the overview."""

    form_class = SignInForm
    redirect_authenticated_user = True
