"""The GraphQL side of the kernel: types as views over rows, connections, inputs, limits, errors, execution.

Enter at `fields` to declare what a type shows, at `nodes.node` to declare a type, at `engine` to run a request.
"""
