"""Says hello, in colour."""

import colorama

colorama.init()
print(colorama.Fore.GREEN + "hello")
