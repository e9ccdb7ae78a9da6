"""Demo data: believable organizations, people and histories, written with COPY on the owner's login.

Enter at `seed.seed`; the accounts that always exist afterwards are in `accounts`. An organization is made by
`furniture`. A lead is made by `life`: who it is (`people`, from the pools in `names`), what happens to it (`contact`,
`membership`, `ledger`, gathered in a `story`), then its rows (`record`, with `notes` and `runs`). `ground` says what
is fixed before anything is made, `writer` stores it.
"""
