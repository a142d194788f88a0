"""Operations: the forms that plan a change, the list, and the page of one operation."""
