"""A search site as tutorials build it: Django, django-haystack, Whoosh and jieba's analyzer; only compared with."""
