"""Hard limits: compares what was seen with a policy of what is not allowed out.

``policy`` reads the policy file, ``of_report`` and ``of_analysis`` turn results into contacts, ``judge`` compares the
two, ``lint`` finds mistakes in a policy and ``suggest`` drafts one.
"""
