"""Demo data: believable organizations, people and histories, written with COPY on the owner's login.

Enter at `seed.seed`; the accounts that always exist afterwards are in `accounts`. Reading order of one lead's making:
`ground` (what is fixed beforehand) → `people` → `life`, which asks `contact`, `membership` and `ledger` → `writer`.
"""
