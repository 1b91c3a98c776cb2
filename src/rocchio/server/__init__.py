"""The HTTP server (`rocchio serve`) and the MCP server (`rocchio mcp`); nothing here is loaded until one starts."""
