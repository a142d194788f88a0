"""What every form shares: the classes of its widgets and the tie between a field and its error."""

from django import forms


def style(form: forms.BaseForm) -> None:
    """Give every widget its class; call at the end of a form's __init__. Django 5.2 ties errors by aria itself."""
    for field in form.fields.values():
        widget = field.widget
        if (
            isinstance(widget, forms.CheckboxInput | forms.RadioSelect | forms.CheckboxSelectMultiple)
            or widget.is_hidden
        ):
            continue
        name = "form-select" if isinstance(widget, forms.Select) else "form-control"
        widget.attrs["class"] = f"{widget.attrs.get('class', '')} {name}".strip()
