"""Who may see the dashboard: login, sessions, roles, and what a browser is allowed to do with the page."""
