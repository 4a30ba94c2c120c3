# The strategy against libcluster's interface: the parts of Cluster.Strategy that it uses are stood in for here, since
# the registry of Elixir's packages is not one that these tests may ask. With LIBCLUSTER naming a folder of compiled
# modules of the real one, that is used.

unless System.get_env("LIBCLUSTER") do
  defmodule Cluster.Strategy.State do
    defstruct [:topology, :connect, :disconnect, :list_nodes, :meta, config: []]
  end

  defmodule Cluster.Logger do
    def debug(_topology, _message), do: :ok
  end

  defmodule Cluster.Strategy do
    @callback start_link([struct]) :: {:ok, pid} | :ignore | {:error, term}

    defmacro __using__(_) do
      quote do
        @behaviour Cluster.Strategy
      end
    end

    def connect_nodes(_topology, {module, function, args}, {lister, list, list_args}, nodes) do
      for node <- nodes -- apply(lister, list, list_args), node != Node.self() do
        apply(module, function, args ++ [node])
      end

      :ok
    end

    def disconnect_nodes(_topology, {module, function, args}, {lister, list, list_args}, nodes) do
      connected = apply(lister, list, list_args)
      said = for node <- nodes, node in connected, do: {node, apply(module, function, args ++ [node])}
      failed = Enum.reject(said, fn {_, answer} -> answer == true end)
      if failed == [], do: :ok, else: {:error, failed}
    end
  end
end

defmodule Net do
  def connect(agent, node), do: Agent.update(agent, &MapSet.put(&1, node)) == :ok
  # The node that ends in 4 refuses the first time.
  def disconnect(agent, node) do
    if String.ends_with?("#{node}", "4") and not :persistent_term.get(node, false) do
      :persistent_term.put(node, true)
      :busy
    else
      Agent.update(agent, &MapSet.delete(&1, node)) == :ok
    end
  end

  def list(agent), do: agent |> Agent.get(& &1) |> Enum.sort()

  def expect(agent, nodes, tries \\ 200) do
    cond do
      list(agent) == nodes -> IO.puts("connected #{inspect(nodes)}")
      tries == 0 -> raise "connected to #{inspect(list(agent))}, not #{inspect(nodes)}"
      true -> Process.sleep(10) && expect(agent, nodes, tries - 1)
    end
  end
end

[strategy, folder] = System.argv()
Code.require_file(strategy)
file = Path.join(folder, "nodes")

put = fn text ->
  File.write!(file <> ".new", text)
  File.rename!(file <> ".new", file)
end

{:ok, net} = Agent.start_link(fn -> MapSet.new() end)

state =
  struct(Cluster.Strategy.State,
    topology: :trial,
    connect: {Net, :connect, [net]},
    disconnect: {Net, :disconnect, [net]},
    list_nodes: {Net, :list, [net]},
    config: [file: file, polling_interval: 20]
  )

{:ok, _} = Cluster.Strategy.Rollcall.start_link([state])
Process.sleep(100)
Net.expect(net, [])
put.("shop@10.0.0.1\nshop@10.0.0.2\nnot a node\n")
Net.expect(net, [:"shop@10.0.0.1", :"shop@10.0.0.2"])
put.("shop@10.0.0.2\nshop@10.0.0.3\n")
Net.expect(net, [:"shop@10.0.0.2", :"shop@10.0.0.3"])
# Whoever could not be disconnected is tried again.
put.("shop@10.0.0.2\nshop@10.0.0.3\nshop@10.0.0.4\n")
Net.expect(net, [:"shop@10.0.0.2", :"shop@10.0.0.3", :"shop@10.0.0.4"])
put.("shop@10.0.0.2\nshop@10.0.0.3\n")
Net.expect(net, [:"shop@10.0.0.2", :"shop@10.0.0.3"], 2000)
# A connection that broke is made again.
Net.disconnect(net, :"shop@10.0.0.2")
Net.expect(net, [:"shop@10.0.0.2", :"shop@10.0.0.3"])
# No file, or one that is too long: nobody is disconnected.
File.rm!(file)
Process.sleep(100)
put.(String.duplicate("x", 5 * 1024 * 1024))
Process.sleep(100)
Net.expect(net, [:"shop@10.0.0.2", :"shop@10.0.0.3"])
# An empty file means that nobody is there.
put.("")
Net.expect(net, [])
IO.puts("done")
