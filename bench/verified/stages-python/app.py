import markupsafe

print(markupsafe.escape('<p>'))
