"""The nouns of the analysis. Every stage imports them and they import no stage.

``None`` means "not known", and the report prints it so. Nothing here is changed after it was made.
A module each: who reads flows does not wait for the nouns of a report.
"""
