defmodule Hello do
  def hello, do: "hello from a container"
end
