"""An interface in, windows in a store out: the processes of the appliance, and what keeps them alive."""
