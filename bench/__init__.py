"""The benchmarks: `python -m bench`. Each `…_bench` file holds one of them; `place` and `population` make its data."""
