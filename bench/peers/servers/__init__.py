"""The contestants' servers. Each reads its settings from `PEERS_…` variables; `contestants` starts them."""
