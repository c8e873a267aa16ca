"""The numpy record types of the tables: one row a packet, a flow, a name, an address binding."""
